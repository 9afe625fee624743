"""Errors planted in the chart, each of which is found: otherwise it would be held against nothing."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.deploy.kubernetes.faults import faults
from tests.deploy.kubernetes.rendering import AUTOSCALED, CHART, FOLDER, SEVERAL, SHARED, made, template
from tests.deploy.planting import plant, rules_by_copy
from tests.deploy.terraform.checkov import findings

GPU = (*SEVERAL, "gpu.enabled=true")
pytestmark = pytest.mark.integration


class Planted(NamedTuple):
    """A change of one template, for which house, and what is said of it: words, or a rule of checkov's."""

    name: str
    file: str
    right: str
    wrong: str
    said: str
    house: tuple[str, ...] = ()


WRITTEN = [
    Planted("misspelt", "_server.tpl", "containerPort: 8050", "containerPrt: 8050",
            "'containerPort' is a required property"),
    Planted("misspelt where nothing is required", "_server.tpl", "failureThreshold: 4",
            "failureThresholds: 4", "'failureThresholds' was unexpected"),
    Planted("no number", "deployment.yaml", "ternary 0 1", 'ternary 0 "one"', "'one' is not of type"),
    Planted("a word for an object", "deployment.yaml", "{type: Recreate}", "Recreate", "'Recreate' is not"),
    Planted("no truth", "_helpers.tpl", "runAsNonRoot: true", "runAsNonRoot: sure", "'sure' is not"),
    Planted("no such version", "autoscaler.yaml", "autoscaling/v2", "autoscaling/v2beta2",
            "no such kind in autoscaling/v2beta2", AUTOSCALED),
    Planted("pages asked of the backup", "services.yaml", 'include "lightbox.servers"',
            'include "lightbox.labels"', "leads to http, which CronJob lightbox-backup does not have"),
    Planted("a Service of nobody", "_helpers.tpl", 'lightbox/server: "true"', 'lightbox/servers: "true"',
            "Service lightbox selects no pods"),
    Planted("scanners sent to readers", "services.yaml", 'include "lightbox.selector"',
            'include "lightbox.servers"',
            "Service lightbox-dicom leads to dicom, which Deployment lightbox-readers does not have",
            SEVERAL),
    Planted("one selector for both", "_helpers.tpl", "app.kubernetes.io/component: reader",
            'lightbox/server: "true"',
            "Deployment lightbox-readers does not select its own pods, and no others", SEVERAL),
    Planted("port mismatch", "services.yaml", "targetPort: http}", "targetPort: pages}",
            "Service lightbox leads to pages"),
    Planted("probe of a port that is not there", "_server.tpl", "{path: /readyz, port: http}",
            "{path: /readyz, port: web}", "its readiness probe asks the port web"),
    Planted("no readiness probe", "_server.tpl",
            "readinessProbe:\n  httpGet: {path: /readyz, port: http}\n"
            "  periodSeconds: 10\n  timeoutSeconds: 10\n",
            "", "its readiness probe does not ask /readyz"),
    Planted("readiness that only asks whether it lives", "_server.tpl", "{path: /readyz,", "{path: /healthz,",
            "its readiness probe does not ask /readyz"),
    Planted("liveness that waits for the database", "_server.tpl",
            "livenessProbe:\n  httpGet: {path: /healthz", "livenessProbe:\n  httpGet: {path: /readyz",
            "its liveness probe does not ask /healthz"),
    Planted("ingress to nowhere", "ingress.yaml", "name: {{ .Release.Name }}\n                port",
            "name: {{ .Release.Name }}-pages\n                port", "leads to the Service lightbox-pages"),
    Planted("ingress without TLS", "ingress.yaml", "    - hosts: [{{ .Values.ingress.host }}]",
            "    - hosts: [elsewhere.example]", "is without TLS for lightbox.hospital.example"),
    Planted("root", "_helpers.tpl", "runAsUser: 10001", "runAsUser: 0", "runs as user 0"),
    Planted("may be root", "_helpers.tpl", "runAsNonRoot: true", "runAsNonRoot: false", "may run as root"),
    Planted("privileged", "_helpers.tpl", "allowPrivilegeEscalation: false", "privileged: true",
            "it is privileged"),
    Planted("capabilities", "_helpers.tpl", "{drop: [ALL]}", "{drop: [ALL], add: [SYS_ADMIN]}",
            "it has capabilities"),
    Planted("root that can be written to", "_helpers.tpl", "readOnlyRootFilesystem: true",
            "readOnlyRootFilesystem: false", "readOnlyRootFilesystem is not True"),
    Planted("the node's network", "_server.tpl", "enableServiceLinks: false",
            "enableServiceLinks: false\nhostNetwork: true", "is on the node's hostNetwork"),
    Planted("the node's folder", "_server.tpl", "  emptyDir: {}", "  hostPath: {path: /tmp}",
            "mounts a folder of the node"),
    Planted("a token of the cluster", "backup.yaml", "automountServiceAccountToken: false",
            "automountServiceAccountToken: true", "CronJob lightbox-backup is given a token"),
    Planted("LIGHTBOX_PORT by the Service", "_server.tpl", "enableServiceLinks: false",
            "enableServiceLinks: true", "is given LIGHTBOX_PORT"),
    Planted("latest", "_helpers.tpl", ":{{ .Values.image.tag }}{{ with", ":latest{{ with", "is no version"),
    Planted("no tag", "_helpers.tpl", ":{{ .Values.image.tag }}{{ with", "{{ with", "is no version"),
    Planted("no limits", "deployment.yaml", "resources: {{- toYaml .Values.dicom.resources | nindent 12 }}",
            "resources: {}", "dicom: it has no limit of memory"),
    Planted("wrong secret key", "_helpers.tpl", "- {key: {{ $key }}, path: {{ $key }}}",
            "- {key: {{ $key }}, path: {{ $setting }}}", "DATABASE_URL_FILE is no file that it has"),
    Planted("a secret that is written down", "_helpers.tpl", "  {{- range $variable, $key",
            "  - {name: DATABASE_URL, value: 'postgresql://a:b@c/d'}\n  {{- range $variable, $key",
            "DATABASE_URL is written down"),
    Planted("settings that are not there", "settings.yaml", "-settings\n", "-setting\n",
            "its settings lightbox-settings"),
    Planted("a claim that is not there", "claims.yaml", "-{{ $name }}", "-{{ $name }}s",
            "Deployment lightbox mounts the claim lightbox-home, which is not there"),
    Planted("a mount of no volume", "_server.tpl", "- name: tmp\n", "- name: temp\n",
            "it mounts tmp, which is no volume"),
    Planted("two servers on one disk for a moment", "deployment.yaml", "{type: Recreate}",
            "{type: RollingUpdate}", "is not ended before the next one mounts"),
    Planted("two servers on one disk", "deployment.yaml", "ternary 0 1", "ternary 0 2",
            "is for one node at a time, and several servers mount it", SEVERAL),
    Planted("readers on the first one's disk", "readers.yaml", "- name: home\n          ephemeral:",
            "- name: home\n          persistentVolumeClaim: {claimName: lightbox-home}\n"
            "        - name: spare\n          ephemeral:",
            "PersistentVolumeClaim lightbox-home is for one node at a time, and several", SEVERAL),
    Planted("shared files on one node", "claims.yaml", '"ReadWriteMany"', '"ReadWriteOnce"',
            "PersistentVolumeClaim lightbox-shared is for one node at a time", FOLDER),
    Planted("shared files that the backup has not", "backup.yaml",
            '{{- include "lightbox.mounts" . | nindent 14 }}', "volumeMounts:", "no files that all reach",
            FOLDER),
    Planted("two DICOM nodes", "readers.yaml", "      volumes:\n", "        - name: dicom\n"
            '          image: {{ include "lightbox.image" . }}\n'
            "          ports: [{name: dicom, containerPort: 11112}]\n" "      volumes:\n",
            "Several pods have a DICOM node", SEVERAL),
    Planted("backups beside each other", "backup.yaml", "concurrencyPolicy: Forbid",
            "concurrencyPolicy: Allow", "may run beside itself"),
    Planted("a backup on any node", "backup.yaml", 'include "lightbox.selector"',
            'include "lightbox.readers"', "does not run on the node of PersistentVolumeClaim lightbox-home",
            SEVERAL),
    Planted("a budget of nobody", "poddisruptionbudget.yaml", 'include "lightbox.servers"',
            'include "lightbox.readers"', "is not about the servers", SEVERAL),
    Planted("a budget that keeps one", "poddisruptionbudget.yaml", "maxUnavailable: 1", "minAvailable: 1",
            "does not keep all servers but one", SEVERAL),
    Planted("open to everybody", "networkpolicy.yaml",
            "        - ipBlock: {cidr: {{ . }}}\n        {{- end }}\n", "        {{- end }}\n",
            "lets everybody in"),
    Planted("a way out for everything", "networkpolicy.yaml", "policyTypes: [Ingress, Egress]",
            "policyTypes: [Ingress]", "is not about both directions"),
    Planted("readers out of the policy", "networkpolicy.yaml",
            "      app.kubernetes.io/instance: {{ .Release.Name }}\n",
            "      app.kubernetes.io/instance: {{ .Release.Name }}\n"
            "      app.kubernetes.io/component: server\n", "does not confine every pod", SEVERAL),
    Planted("scanners let in at no port", "networkpolicy.yaml", "port: dicom}", "port: scanners}",
            "names the port scanners, which no pod has"),
    Planted("an autoscaler of nothing", "autoscaler.yaml",
            "kind: Deployment, name: {{ .Release.Name }}-readers}",
            "kind: Deployment, name: {{ .Release.Name }}-reader}",
            "scales lightbox-reader, which is not there", AUTOSCALED),
    Planted("an autoscaler of the first server", "autoscaler.yaml",
            "kind: Deployment, name: {{ .Release.Name }}-readers}",
            "kind: Deployment, name: {{ .Release.Name }}}", "scales lightbox, which says itself how many",
            AUTOSCALED),
    Planted("an autoscaler that every upgrade sets back", "readers.yaml",
            "{{- if not .Values.autoscaling.enabled }}", "{{- if .Values.autoscaling.enabled }}",
            "which says itself how many there are", AUTOSCALED),
    Planted("an average over the servers", "autoscaler.yaml", "{type: AverageValue, averageValue:",
            "{type: Value, value:", "does not divide the house's queue", AUTOSCALED),
    Planted("the queues of all houses", "autoscaler.yaml", "          selector:\n"
            "            matchLabels: {{- tpl (toYaml .Values.autoscaling.metric.labels) . | nindent 14 }}\n",
            "", "follows the queues of all houses", AUTOSCALED),
    Planted("flapping", "autoscaler.yaml", "stabilizationWindowSeconds: 900", "stabilizationWindowSeconds: 0",
            "ends readers as soon as the queue is short", AUTOSCALED),
    Planted("the ends the wrong way round", "autoscaler.yaml",
            "minReplicas: {{ sub (int .Values.autoscaling.min)",
            "minReplicas: {{ add (int .Values.autoscaling.max)", "the wrong way round", AUTOSCALED),
    Planted("killed while it hands over", "_server.tpl", "ternary 90 60", "ternary 30 60",
            "is killed before it has handed over", SEVERAL),
    Planted("ended while people are sent to it", "_server.tpl", 'command: [sleep, "10"]', 'command: ["true"]',
            "ends before the ingress knows", SEVERAL),
    Planted("all on one node", "_server.tpl", 'include "lightbox.servers" $', 'include "lightbox.selector" $',
            "may stand on one node with all others", SEVERAL),
    Planted("restarted all at once", "readers.yaml",
            "maxUnavailable: {{ .Values.rollingUpdate.maxUnavailable }}", "maxUnavailable: 2",
            "is restarted before the next one is ready", SEVERAL),
    Planted("people at any server", "ingress.yaml", "upstream-hash-by", "upstream-hash",
            "keeps nobody at one server", SEVERAL),
    Planted("a GPU for every container", "deployment.yaml",
            "resources: {{- toYaml .Values.dicom.resources | nindent 12 }}",
            'resources: {requests: {cpu: "1", memory: 1Gi}, limits: {memory: 1Gi, nvidia.com/gpu: "1"}}',
            "asks for another number of GPUs", GPU),
    Planted("a GPU on any node", "_server.tpl", "{{- with $selector }}", "{{- with dict }}",
            "asks for a GPU on any node", GPU),
    Planted("two servers without Redis", "_several.tpl", 'not (hasKey .Values.secret.files "REDIS_URL_FILE")',
            "false", "Deployment lightbox-readers lacks REDIS_URL_FILE",
            ("replicas=2", "settings.LIGHTBOX_FILES=s3://a/b", "settings.MLFLOW_TRACKING_URI=http://mlflow")),
    Planted("two servers without shared files", "_several.tpl", "not (or .Values.persistence.shared.enabled",
            "and false (or false", "Several servers have no files that all reach", (*SHARED, "replicas=2")),
    Planted("two servers without an MLflow server", "_several.tpl", 'not (regexMatch "^https?://"',
            'and false (regexMatch "^https?://"', "Several servers have no MLflow server",
            ("replicas=2", "settings.LIGHTBOX_FILES=s3://a/b", "secret.files.REDIS_URL_FILE=redis-url")),
]  # fmt: skip
WEAKENED = [
    Planted("privileged", "_helpers.tpl", "allowPrivilegeEscalation: false", "privileged: true",
            "CKV_K8S_16"),
    Planted("root", "_helpers.tpl", "runAsNonRoot: true\nrunAsUser: 10001", "runAsUser: 0", "CKV_K8S_23"),
    Planted("capabilities", "_helpers.tpl", "capabilities: {drop: [ALL]}", "capabilities: {add: [SYS_ADMIN]}",
            "CKV_K8S_39"),
    Planted("latest", "_helpers.tpl", ":{{ .Values.image.tag }}{{ with", ":latest{{ with", "CKV_K8S_14"),
    Planted("the node's network", "_server.tpl", "enableServiceLinks: false", "hostNetwork: true",
            "CKV_K8S_19"),
    Planted("the node's processes", "_server.tpl", "enableServiceLinks: false", "hostPID: true",
            "CKV_K8S_17"),
    Planted("no liveness", "deployment.yaml", "livenessProbe:\n            tcpSocket",
            "startupProbe:\n            tcpSocket", "CKV_K8S_8"),
    Planted("no limit of memory", "deployment.yaml",
            "resources: {{- toYaml .Values.dicom.resources | nindent 12 }}", "resources: {}", "CKV_K8S_13"),
    Planted("no seccomp", "_helpers.tpl", "seccompProfile: {type: RuntimeDefault}",
            "seccompProfile: {type: Unconfined}", "CKV_K8S_31"),
    Planted("root that can be written to", "_helpers.tpl", "readOnlyRootFilesystem: true",
            "readOnlyRootFilesystem: false", "CKV_K8S_22"),
    Planted("a token of the cluster", "_server.tpl", "automountServiceAccountToken: false",
            "automountServiceAccountToken: true", "CKV_K8S_38"),
]  # fmt: skip
LEFT_OUT = {
    "CKV_K8S_9": "The DICOM node takes scanners in while networks load: the server says whether it is ready.",
    "CKV_K8S_11": "A limit of the processor slows readings down while cores stand idle; requests are said.",
    "CKV_K8S_15": "A tag is a version and does not change; no pod waits for a registry that is away.",
    "CKV_K8S_21": "Whoever installs the chart says which namespace.",
    "CKV_K8S_35": "A bucket's client reads its keys from the environment alone; all others are files.",
    "CKV_K8S_43": "A house may say the image's digest (image.digest).",
}


def planted_chart(planted: Planted, into: Path) -> Path:
    """A copy of the chart with the error in it."""
    plant(CHART, into, f"templates/{planted.file}", planted.right, planted.wrong)
    return into


@pytest.mark.parametrize("planted", WRITTEN, ids=lambda planted: planted.name)
def test_what_would_not_work_is_found(planted: Planted, tmp_path: Path) -> None:
    done = template(*planted.house, chart=planted_chart(planted, tmp_path / "chart"))
    told = faults(made(*planted.house, chart=tmp_path / "chart")) if done.returncode == 0 else [done.stderr]
    assert any(planted.said in fault for fault in told), told


def look(folder: Path, house: tuple[str, ...], name: str, chart: Path = CHART) -> None:
    """Put what a house is made of where checkov looks."""
    done = template(*house, chart=chart)
    assert done.returncode == 0, done.stderr
    (folder / name).mkdir(parents=True)
    (folder / name / "house.yaml").write_text(done.stdout)


@pytest.fixture(scope="module")
def weakened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The rules that fail in each copy; checkov looks at all of them in one run."""
    top = tmp_path_factory.mktemp("weakened")
    for number, planted in enumerate(WEAKENED):
        look(top / "made", planted.house, str(number), planted_chart(planted, top / str(number)))
    return rules_by_copy(findings(top / "made", "kubernetes").failed)


@pytest.mark.parametrize("number", range(len(WEAKENED)), ids=lambda number: WEAKENED[number].name)
def test_what_would_leave_the_house_open_is_found(number: int, weakened: dict[str, set[str]]) -> None:
    assert WEAKENED[number].said in weakened.get(str(number), set())


def test_checkov_finds_nothing_but_what_is_left_out_for_a_reason(tmp_path: Path) -> None:
    keys = ("secret.environment.AWS_ACCESS_KEY_ID=id",)
    for name, house in {"one": (), "gpu": GPU, "folder": FOLDER, "autoscaled": (*AUTOSCALED, *keys)}.items():
        look(tmp_path, house, name)
    told = findings(tmp_path, "kubernetes")
    assert not told.unread and told.passed > 500
    assert {each.rule for each in told.failed} == LEFT_OUT.keys()
