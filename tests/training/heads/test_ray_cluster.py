"""The cluster back end on a real Ray cluster of two nodes on this machine, one of which is killed."""

import importlib.util
import logging
import pickle
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest

from scpo.config import DataConfig, ExperimentConfig
from scpo.errors import ScpoError, Stopped
from scpo.training.heads import ray_cluster, ray_connection

from fakes import scored_rows

ROOT = Path(__file__).parents[3]
RESULTS = ("metrics.json", "summary.json", "heads.safetensors", "margins.safetensors", "tallies.safetensors")
HAS_RAY = importlib.util.find_spec("ray") is not None
needs_ray = pytest.mark.skipif(not HAS_RAY, reason="Ray is not installed: pip install -r requirements-cluster.txt")


@pytest.fixture(scope="module")
def config(tmp_path_factory, tiny_encoder):
    """Six tasks: two countries, three seeds."""
    path = tmp_path_factory.mktemp("data") / "rows.csv"
    scored_rows(120).to_csv(path, index=False)
    data = DataConfig("file", (str(path),), test_share=0.3)
    return ExperimentConfig(data, seeds=3, budgets=(10,), steps=600, lr=0.02, encoder=str(tiny_encoder))


@pytest.fixture(scope="module")
def alone(config, tmp_path_factory):
    """The same experiment on one machine."""
    from scpo.training.experiment import run

    folder = tmp_path_factory.mktemp("alone")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCPO_WORKSPACE", str(folder))
        return run(config, folder / "run").folder


@pytest.fixture(scope="module")
def head():
    """A Ray cluster of one node with one core; it asks for a token, and leaves the user's own Ray alone."""
    from ray._private.authentication_test_utils import reset_auth_token_state
    from ray.cluster_utils import Cluster

    place = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # names of sockets must be short
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", place)
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex())
        reset_auth_token_state()  # so that this process heeds the three
        started = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        patch.setenv(ray_connection.ADDRESS, started.address)
        yield started
        started.shutdown()
    shutil.rmtree(place, ignore_errors=True)


def working(node) -> list:
    """Processes of a node that work on a task."""
    raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
    return [process for process in raylet.children() if process.name().startswith("ray::train_part")]


@needs_ray
def test_a_node_killed_in_the_middle_changes_no_byte_of_the_results(head, config, alone, tmp_path, caplog):
    from scpo.training.experiment import run

    caplog.set_level(logging.INFO, "scpo")
    node, killed = head.add_node(num_cpus=1), []

    def kill_in_the_middle() -> None:
        until = time.monotonic() + 300
        while not killed and time.monotonic() < until:
            for process in working(node):
                process.suspend()  # so that it cannot finish first
                (killed.append if process in working(node) else psutil.Process.resume)(process)
            time.sleep(0.01)
        head.remove_node(node, allow_graceful=False)
        for process in killed:  # a node takes its processes with it
            process.kill()

    killer = threading.Thread(target=kill_in_the_middle)
    killer.start()
    try:
        result = run(config, tmp_path / "run")
    finally:
        killer.join()
    assert killed and "6 tasks go to the Ray cluster" in caplog.text
    assert "Task train_part failed" in caplog.text and "will be retried" in caplog.text
    for name in RESULTS:
        assert (result.folder / name).read_bytes() == (alone / name).read_bytes(), name


@needs_ray
def test_a_stopped_run_leaves_nothing_running_and_goes_on_with_the_tasks_that_are_left(
    head, config, alone, tmp_path, caplog, monkeypatch
):
    from scpo.training.checkpoint import Checkpoint
    from scpo.training.experiment import run

    caplog.set_level(logging.INFO, "scpo")
    finished, save = [], Checkpoint.save

    def counted(self, step, tensors):
        save(self, step, tensors)
        finished.append(step)

    def train(problem, plan, progress, _):
        return on_cluster(problem, plan, progress, Checkpoint(tmp_path / "run", "key", every=0))

    on_cluster = ray_cluster.train_on_cluster
    monkeypatch.setattr(ray_cluster, "train_on_cluster", train)
    monkeypatch.setattr(Checkpoint, "save", counted)
    with pytest.raises(Stopped):
        run(config, tmp_path / "run", should_stop=lambda: len(finished) >= 2)
    until = time.monotonic() + 300
    while working(head.head_node) and time.monotonic() < until:
        time.sleep(0.05)
    assert not working(head.head_node)
    result = run(config, tmp_path / "run")
    tasks = [int(r.getMessage().split()[0]) for r in caplog.records if "tasks go to" in r.getMessage()]
    assert tasks == [6, 4]
    for name in RESULTS:
        assert (result.folder / name).read_bytes() == (alone / name).read_bytes(), name


@needs_ray
def test_no_text_and_no_persons_name_goes_to_the_cluster():
    from scpo.training.heads.features import embed_texts
    from scpo.training.heads.problem import HeadProblem
    from scpo.training.heads.stacked import HeadShape

    from fakes import CountingEncoder, tiny_preferences

    data = tiny_preferences()
    features = embed_texts(data.texts, CountingEncoder(), None)
    problem = HeadProblem(ExperimentConfig(), data, {}, features, HeadShape(features.width), {})
    sent = pickle.dumps(problem.without_texts())
    strings = {*data.texts["response"], *data.texts["prompt"], *data.units["name"]}
    assert len(strings) > 100 and not [s for s in strings if s.encode() in sent]


@needs_ray
class TwoNodes:
    """What Watch asks of Ray: two nodes, the second of which stops answering."""

    gcs_address, answers = "head:1", True

    def get_runtime_context(self):
        return self

    def nodes(self):
        cores = {"CPU": 1.0}
        return [
            {
                "NodeID": name,
                "NodeManagerAddress": f"10.0.0.{name}",
                "Alive": name == "1" or self.answers,
                "Resources": cores,
            }
            for name in "12"
        ]


def test_a_node_that_stops_answering_is_told_once_by_its_address(monkeypatch, caplog):
    monkeypatch.setattr(ray_connection, "LOOK", 0.0)
    monkeypatch.setattr(ray_connection, "_knock", lambda at: None)
    ray = TwoNodes()
    watch = ray_connection.Watch(ray)
    watch.look()
    assert not caplog.records
    ray.answers = False
    watch.look()
    watch.look()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "the node 10.0.0.2 does not answer" in caplog.text and "the run waits for them" in caplog.text


def test_a_node_of_other_versions_is_refused_by_name_and_version():
    with pytest.raises(ScpoError, match=rf"{socket.gethostname()} has torch .* instead of 1\.0\. Every node needs"):
        ray_cluster.train_part([], [], {**ray_cluster.own_versions(), "torch": "1.0"})


@needs_ray
def test_an_address_that_does_not_answer_is_told_at_once(monkeypatch):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv(ray_connection.ADDRESS, f"127.0.0.1:{nobody.getsockname()[1]}")
        with pytest.raises(ScpoError, match=r"127.0.0.1:\d+ .*refused.*ray start --head.*unset SCPO_RAY_ADDRESS"):
            ray_cluster.check()


@needs_ray
def test_something_else_at_the_address_is_told_within_seconds(monkeypatch):
    assert ray_connection.CONNECT + ray_connection.ANSWER < 15
    monkeypatch.setattr(ray_connection, "ANSWER", 2.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv(ray_connection.ADDRESS, f"127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(ScpoError, match="no answer in 2 seconds"):
            ray_cluster.check()


@needs_ray
@pytest.mark.parametrize("address", ["here", "host", "http://host:1", "ray://", "host:port", "local", "a b:1"])
def test_an_address_of_another_form_is_refused(monkeypatch, address):
    monkeypatch.setenv(ray_connection.ADDRESS, address)
    with pytest.raises(ScpoError, match="it must be host:port, ray://host:port or auto"):
        ray_cluster.check()


def test_ray_missing_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setenv(ray_connection.ADDRESS, "host:6379")
    with pytest.raises(ScpoError, match="Ray is not installed here.*requirements-cluster.txt.*unset SCPO_RAY_ADDRESS"):
        ray_cluster.check()


def test_without_an_address_the_heads_are_trained_on_this_machine(monkeypatch):
    from scpo.training.heads.train import train_countries

    monkeypatch.delenv(ray_connection.ADDRESS, raising=False)
    assert ray_cluster.trainer() is train_countries


def test_ray_is_not_loaded_by_a_run_and_neither_it_nor_torch_by_a_worker_that_waits():
    code = "import sys, {}; sys.exit(bool({} & sys.modules.keys()))"
    for module, libraries in (("scpo.training.experiment", {"ray"}), ("scpo.jobs.worker", {"ray", "torch"})):
        assert subprocess.run([sys.executable, "-c", code.format(module, libraries)], cwd=ROOT).returncode == 0
