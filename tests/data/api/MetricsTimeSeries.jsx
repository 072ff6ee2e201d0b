import React, { useEffect, useState } from 'react';
import { LineChart, Line, XAxis, YAxis, CartesianGrid, Tooltip, Legend } from 'recharts';
import axios from 'axios';

const MetricsTimeSeries = () => {
  const [data, setData] = useState([]);

  useEffect(() => {
    fetchTimeSeries();
  }, []);

  const fetchTimeSeries = async () => {
    const endDate = new Date().toISOString();
    const startDate = new Date(Date.now() - 30*24*60*60*1000).toISOString();

    const res = await axios.get('/api/v1/metrics/aggregate/timeseries', {
      params: {
        start_date: startDate,
        end_date: endDate,
        granularity: 'day'
      }
    });

    setData(res.data.data);
  };

  return (
    <div className="metrics-chart">
      <h3>30-Day Performance Trends</h3>
      <LineChart width={800} height={400} data={data}>
        <CartesianGrid strokeDasharray="3 3" />
        <XAxis dataKey="timestamp" />
        <YAxis />
        <Tooltip />
        <Legend />
        <Line type="monotone" dataKey="success_rate" stroke="#8884d8" name="Success Rate %" />
        <Line type="monotone" dataKey="avg_execution_time_ms" stroke="#82ca9d" name="Avg Time (ms)" />
        <Line type="monotone" dataKey="total_cost_usd" stroke="#ffc658" name="Cost (USD)" />
      </LineChart>
    </div>
  );
};

export default MetricsTimeSeries;
