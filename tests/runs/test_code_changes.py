"""What changed in real repositories of git."""

from __future__ import annotations

import math
import os
import subprocess
from pathlib import Path

import pytest

import agentgauge
from agentgauge.errors import CodeUnreadable
from agentgauge.runs.code import code_metrics, record_code_metrics
from agentgauge.runs.models import CodeMetrics
from tests.recorder import reading


def _git(folder: Path, *arguments: str) -> str:
    isolated = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who = {f"GIT_{role}_{what}": "a@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "protocol.file.allow=always", *arguments],
        env=os.environ | isolated | who,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Files a, b, c of ten lines each and a binary one, committed."""
    place = tmp_path / "repo"
    place.mkdir()
    _git(place, "init", "-q", "-b", "main")
    for name in "abc":
        (place / name).write_text("".join(f"{name} {number}\n" for number in range(10)))
    (place / "logo.png").write_bytes(b"\x89PNG\0\1")
    _git(place, "add", ".")
    _git(place, "commit", "-qm", "first")
    return place


def _files(metrics: CodeMetrics) -> tuple[int, int, int]:
    return metrics.files_created, metrics.files_modified, metrics.files_deleted


def _lines(metrics: CodeMetrics) -> tuple[int, int]:
    return metrics.lines_added, metrics.lines_deleted


def test_nothing_changed_is_zero_and_coverage_is_not_known(repo: Path) -> None:
    metrics = code_metrics("HEAD", repo=repo)
    assert (_files(metrics), _lines(metrics), metrics.tests_run) == ((0, 0, 0), (0, 0), 0)
    assert math.isnan(metrics.test_coverage_percent)


def test_created_modified_and_deleted_files_count_committed_or_not(repo: Path) -> None:
    (repo / "new").write_text("1\n2\n3")  # the last line has no end
    (repo / "a").write_text((repo / "a").read_text().replace("a 3\n", "three\n"))
    _git(repo, "add", ".")
    _git(repo, "commit", "-qm", "second")
    (repo / "b").unlink()
    metrics = code_metrics("HEAD~1", repo=repo)
    assert _files(metrics) == (1, 1, 1)
    assert _lines(metrics) == (3 + 1, 1 + 10)


def test_a_renamed_file_is_modified_by_the_lines_that_changed(repo: Path) -> None:
    _git(repo, "mv", "a", "moved")
    with (repo / "moved").open("a") as file:
        file.write("one more\n")
    metrics = code_metrics("HEAD", repo=repo)
    assert (_files(metrics), _lines(metrics)) == ((0, 1, 0), (1, 0))
    assert metrics.extra["files_renamed"] == 1


def test_a_binary_file_counts_as_a_file_without_lines(repo: Path) -> None:
    (repo / "logo.png").write_bytes(b"\x89PNG\0\2\n\n\n")
    metrics = code_metrics("HEAD", repo=repo)
    assert (_files(metrics), _lines(metrics), metrics.extra["files_binary"]) == ((0, 1, 0), (0, 0), 1)


def test_names_with_newlines_tabs_colons_and_bytes_of_no_encoding_are_counted(repo: Path) -> None:
    names = [b":100644 x", b"two\nlines", b"a\ttab", b"-", "grün".encode(), b"no-utf8-\xff", b'"quoted"', b"1\t2\t"]
    for name in names:
        Path(os.fsdecode(os.fsencode(repo) + b"/" + name)).write_text("line\n")
    _git(repo, "add", ".")
    metrics = code_metrics("HEAD", repo=repo)
    assert (_files(metrics), _lines(metrics)) == ((len(names), 0, 0), (len(names), 0))
    _git(repo, "commit", "-qm", "odd")
    _git(repo, "mv", "two\nlines", "new\nname")
    assert code_metrics("HEAD", repo=repo).extra["files_renamed"] == 1


def test_untracked_files_count_where_they_are_asked_for(repo: Path) -> None:
    (repo / ".gitignore").write_text("*.log\n")
    (repo / "new").write_text("1\n2\n3")
    (repo / "empty").touch()
    (repo / "data.bin").write_bytes(b"\0\n\n")
    (repo / "link").symlink_to("nowhere")
    (repo / "x.log").write_text("ignored\n")
    (repo / "inner").mkdir()
    _git(repo / "inner", "init", "-q")
    assert _files(code_metrics("HEAD", repo=repo)) == (0, 0, 0)
    metrics = code_metrics("HEAD", repo=repo, untracked=True)
    assert (_files(metrics), _lines(metrics), metrics.extra["files_binary"]) == ((5, 0, 0), (1 + 3 + 1, 0), 1)
    _git(repo, "add", ".gitignore", "new", "empty", "data.bin", "link")
    tracked = code_metrics("HEAD", repo=repo)
    assert (_files(tracked), _lines(tracked), tracked.extra) == (_files(metrics), _lines(metrics), metrics.extra)


def test_a_submodule_is_no_file_and_what_is_dirty_in_it_does_not_count(repo: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    _git(library, "init", "-q")
    (library / "code").write_text("1\n")
    _git(library, "add", ".")
    _git(library, "commit", "-qm", "library")
    _git(repo, "submodule", "--quiet", "add", str(library), "lib")
    metrics = code_metrics("HEAD", repo=repo)
    assert (_files(metrics), metrics.extra["submodules_changed"]) == ((1, 0, 0), 1)  # .gitmodules is a file
    _git(repo, "commit", "-qam", "with library")
    (repo / "lib" / "code").write_text("2\n")
    assert code_metrics("HEAD", repo=repo).extra["submodules_changed"] == 0


def test_a_conflicted_file_counts_once(repo: Path) -> None:
    _git(repo, "checkout", "-qb", "side")
    (repo / "a").write_text("side\n")
    _git(repo, "commit", "-qam", "side")
    _git(repo, "checkout", "-q", "main")
    (repo / "a").write_text("main\n")
    _git(repo, "commit", "-qam", "main")
    with pytest.raises(subprocess.CalledProcessError):
        _git(repo, "merge", "side")
    assert _files(code_metrics("HEAD", repo=repo)) == (0, 1, 0)


def test_the_users_settings_of_git_do_not_change_the_answer(repo: Path) -> None:
    (repo / "sub").mkdir()
    (repo / "sub" / "new").write_text("1\n")
    _git(repo, "mv", "a", "moved")
    _git(repo, "add", ".")
    plain = code_metrics("HEAD", repo=repo)
    for setting in (("diff.renames", "false"), ("diff.relative", "true"), ("color.diff", "always"),
                    ("diff.external", "false"), ("core.quotePath", "false")):  # fmt: skip
        _git(repo, "config", *setting)
    metrics = code_metrics("HEAD", repo=repo / "sub")
    assert (_files(metrics), _lines(metrics), metrics.extra) == ((1, 1, 0), (1, 0), plain.extra)


@pytest.mark.parametrize("base", ["nowhere", "--output=stolen", "-x", "", "HEAD:a"])
def test_what_names_no_commit_is_refused_and_never_taken_for_an_option(repo: Path, base: str) -> None:
    with pytest.raises(CodeUnreadable, match="names no commit"):
        code_metrics(base, repo=repo)
    assert not (repo / "stolen").exists()


def test_a_place_without_a_repository_is_named(tmp_path: Path) -> None:
    with pytest.raises(CodeUnreadable, match="has no working tree of git: fatal: not a git repository"):
        code_metrics("HEAD", repo=tmp_path)
    with pytest.raises(CodeUnreadable, match="there is no such folder"):
        code_metrics("HEAD", repo=tmp_path / "gone")


def test_without_git_it_is_said_that_git_is_needed(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repo))
    with pytest.raises(CodeUnreadable, match="git is not installed"):
        code_metrics("HEAD", repo=repo)


def test_figures_of_the_user_are_recorded_too_and_what_is_no_figure_is_not(tmp_path: Path) -> None:
    metrics = CodeMetrics(lines_added=5, extra={"mutation_score": 0.5, "checked": True, "by": "ci", "debt": math.inf})
    with agentgauge.open(tmp_path) as gauge:
        assert record_code_metrics(gauge, metrics, issue=3) == 6
    figures = {event.name: event.value for event in reading.events(tmp_path)}
    assert (figures["mutation_score"], figures["lines_added"]) == (0.5, 5)
    assert not figures.keys() & {"checked", "by", "debt", "tests_run", "test_coverage_percent"}
