"""The network as a model of MLflow's kind "pyfunc"; run as a program it writes that model into a folder."""

from __future__ import annotations

import sys
import threading

import mlflow
import pandas as pd

from tests.benchmarks.peers.serving.given import Given
from tests.benchmarks.peers.serving.network import Network


class Segmentation(mlflow.pyfunc.PythonModel):
    """As many inputs as a request brings; MLflow gathers none, and asks from many threads."""

    def load_context(self, context: object) -> None:
        self.network, self.free = Network(Given.from_env()), threading.Lock()

    def predict(self, context: object, model_input: pd.DataFrame, params: object = None) -> list[str]:
        with self.free:
            return self.network.answers_in_words(list(model_input["input"]))


mlflow.models.set_model(Segmentation())

if __name__ == "__main__":
    mlflow.pyfunc.save_model(sys.argv[1], python_model=__file__, pip_requirements=[])
