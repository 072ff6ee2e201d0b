import React, { useEffect, useState } from 'react';
import axios from 'axios';

const MetricsInsights = () => {
  const [insights, setInsights] = useState(null);
  const [recommendations, setRecommendations] = useState([]);
  const [alerts, setAlerts] = useState([]);

  useEffect(() => {
    fetchData();
  }, []);

  const fetchData = async () => {
    try {
      // Fetch performance insights
      const insightsRes = await axios.get('/api/v1/metrics/insights/performance');
      setInsights(insightsRes.data.data);

      // Fetch cost recommendations
      const recsRes = await axios.get('/api/v1/metrics/recommendations/cost');
      setRecommendations(recsRes.data.data);

      // Fetch active alerts
      const alertsRes = await axios.get('/api/v1/metrics/alerts?status=active');
      setAlerts(alertsRes.data.data);
    } catch (error) {
      console.error('Error fetching metrics:', error);
    }
  };

  return (
    <div className="metrics-insights">
      <h2>Performance Insights</h2>

      {/* Cost Recommendations */}
      <section className="recommendations">
        <h3>Cost Optimization</h3>
        {recommendations.map(rec => (
          <div key={rec.agent} className={`recommendation priority-${rec.priority}`}>
            <h4>{rec.agent} - {rec.type}</h4>
            <p>{rec.reason}</p>
            <div className="savings">
              Potential Savings: ${rec.estimated_savings.toFixed(2)}
            </div>
          </div>
        ))}
      </section>

      {/* Active Alerts */}
      <section className="alerts">
        <h3>Active Alerts ({alerts.length})</h3>
        {alerts.map(alert => (
          <div key={alert.id} className={`alert severity-${alert.severity}`}>
            <strong>{alert.agent_name}</strong>: {alert.message}
          </div>
        ))}
      </section>

      {/* Fastest Agents */}
      {insights && (
        <section className="fastest-agents">
          <h3>Fastest Agents by Operation</h3>
          {Object.entries(insights.fastest_agents_by_operation).map(([op, data]) => (
            <div key={op}>
              <strong>{op}</strong>: {data.agent} ({data.avg_time_ms.toFixed(2)}ms)
            </div>
          ))}
        </section>
      )}
    </div>
  );
};

export default MetricsInsights;
