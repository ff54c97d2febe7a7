//! What the chart renders to, under every switch, and whether an API server takes it.

use clusterwright::api::schema::definitions;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::ResourceExt;
use serde_json::{Value, json};

use crate::harness::{Cluster, NAMESPACE};
use crate::support::chart::{self, rendered};

/// Every switch once, apart from what is there without any.
const SWITCHES: &[&[&str]] = &[
    &[],
    &["--set=crds.enabled=false"],
    &["--set=crds.keep=false"],
    &["--set=rbac.create=false"],
    &["--set=serviceAccount.create=false", "--set=serviceAccount.name=default"],
    &["--set=serviceAccount.annotations.team=a"],
    &["--set=admissionPolicies.enabled=false"],
    &["--set=watchNamespaces={orders,invoices}"],
    &["--set=takeOverFrom=orders"],
    &["--set=podDisruptionBudget.enabled=false"],
    &["--set=topologySpread.enabled=false"],
    &["--set=priorityClassName=system-cluster-critical"],
    &["--set=networkPolicy.enabled=true"],
    &[
        "--set-json=networkPolicy={\"enabled\":true,\"from\":[{\"namespaceSelector\":{}}],\"apiServerPorts\":[16443],\"dnsPorts\":[53,5353]}",
    ],
    &["--set=image.repository=registry.example/cw", "--set=image.tag=v1", "--set=imagePullSecrets[0].name=pull"],
    &["--set=fullnameOverride=cw", "--set=replicas=1", "--set=log=debug"],
    &["--set=nameOverride=other"],
    &["--set=clouds.insecureEndpoints=true", "--set=clouds.allowedEndpoints={http://a.example:1,http://b.example}"],
    &["--set=clouds.dataPlaneDomains={typedb.example}"],
    &["--set=health.address=[::]", "--set=health.port=9000"],
    &["--set-json=extraEnv=[{\"name\":\"HTTPS_PROXY\",\"value\":\"http://proxy.example:3128\"}]"],
    &["--set=podLabels.team=a", "--set=podAnnotations.team=a", "--set=nodeSelector.arch=amd64"],
    &[
        "--set-json=tolerations=[{\"key\":\"spot\",\"operator\":\"Exists\"}]",
        "--set-json=affinity={\"nodeAffinity\":{}}",
    ],
    &["--set=resources.limits.cpu=1"],
    &["--set-json=watchNamespaces=[\"42\"]", "--set-string=takeOverFrom=42", "--namespace=42"],
    &["--set=runAsUser=null"],
];

fn find<'a>(objects: &'a [Value], kind: &str) -> Option<&'a Value> {
    objects.iter().find(|object| object["kind"] == kind)
}

fn container(objects: &[Value]) -> Value {
    find(objects, "Deployment").unwrap()["spec"]["template"]["spec"]["containers"][0].clone()
}

fn arguments(objects: &[Value]) -> Vec<String> {
    serde_json::from_value(container(objects)["args"].clone()).unwrap()
}

#[test]
fn the_chart_passes_helms_lint_under_every_switch() {
    for switches in SWITCHES {
        let mut helm = chart::helm();
        let output = helm.args(["lint", "--strict"]).args(*switches).arg(chart::folder()).output().unwrap();
        assert!(output.status.success(), "{switches:?}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

#[tokio::test]
async fn the_api_server_takes_what_is_rendered_under_every_switch() {
    let cluster = Cluster::new().await;
    for namespace in [NAMESPACE, "orders", "invoices", "42"] {
        cluster.create_namespace(namespace, json!({})).await;
    }
    // What pods have to refer to is there before them.
    let places = [(NAMESPACE, "default"), (NAMESPACE, "clusterwright-removal"), ("42", "default")];
    let accounts = places.map(|(namespace, name)| {
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}})
    });
    cluster.apply(&accounts).await.unwrap();
    for switches in SWITCHES {
        let objects = rendered(NAMESPACE, switches);
        let answer = cluster.dry_run(&objects).await;
        assert!(answer.is_ok(), "{switches:?}: {}", answer.unwrap_err());
    }
    let mut wrong = rendered(NAMESPACE, &[]);
    let deployment = wrong.iter_mut().find(|object| object["kind"] == "Deployment").unwrap();
    deployment["spec"]["replica"] = json!(1);
    let refusal = cluster.dry_run(&wrong).await.unwrap_err();
    assert!(refusal.contains("replica"), "a typing error would be seen: {refusal}");
}

#[test]
fn switches_switch() {
    let kinds = |switches: &[&str]| -> Vec<String> {
        let objects = rendered(NAMESPACE, switches);
        objects.iter().map(|object| object["kind"].as_str().unwrap().to_owned()).collect()
    };
    let usual = kinds(&[]);
    let without = |switch: &str, kind: &str| {
        assert!(usual.iter().any(|there| there == kind), "{kind} is usual");
        assert!(!kinds(&[switch]).iter().any(|there| there == kind), "{switch} leaves {kind} out");
    };
    without("--set=crds.enabled=false", "CustomResourceDefinition");
    without("--set=rbac.create=false", "ClusterRole");
    without("--set=rbac.create=false", "RoleBinding");
    without("--set=serviceAccount.create=false,serviceAccount.name=other", "ServiceAccount");
    without("--set=admissionPolicies.enabled=false", "ValidatingAdmissionPolicy");
    without("--set=admissionPolicies.enabled=false", "ValidatingAdmissionPolicyBinding");
    without("--set=podDisruptionBudget.enabled=false", "PodDisruptionBudget");
    let with = |switch: &str, kind: &str| {
        assert!(!usual.iter().any(|there| there == kind), "{kind} is not usual");
        assert!(kinds(&[switch]).iter().any(|there| there == kind), "{switch} adds {kind}");
    };
    with("--set=networkPolicy.enabled=true", "NetworkPolicy");
    with("--set=metrics.serviceMonitor.enabled=true", "ServiceMonitor");
    with("--set=metrics.prometheusRule.enabled=true", "PrometheusRule");
}

#[test]
fn what_is_set_reaches_the_command_line() {
    let objects = rendered(
        NAMESPACE,
        &[
            "--set=watchNamespaces={orders,invoices}",
            "--set=takeOverFrom=former",
            "--set=clouds.insecureEndpoints=true",
            "--set=clouds.allowedEndpoints={http://a.example:1,http://b.example}",
            "--set=clouds.dataPlaneDomains={typedb.example}",
            "--set=health.address=[::]",
            "--set=health.port=9000",
            "--set=log=debug",
            "--set=leaseDurationSeconds=90",
        ],
    );
    let wanted = [
        "run",
        "--listen=[::]:9000",
        "--log=debug",
        "--lease-duration-seconds=90",
        "--installation=clusterwright",
        "--watch-namespaces=orders,invoices",
        "--take-over-from=former",
        "--allowed-endpoints=http://a.example:1,http://b.example",
        "--insecure-endpoints",
        "--data-plane-domains=typedb.example",
    ];
    assert_eq!(arguments(&objects), wanted);
    assert_eq!(
        arguments(&rendered(NAMESPACE, &[])),
        ["run", "--listen=0.0.0.0:8080", "--log=info", "--lease-duration-seconds=60", "--installation=clusterwright"]
    );
    let port = &find(&objects, "Service").unwrap()["spec"]["ports"][0]["port"];
    assert_eq!((port, &container(&objects)["ports"][0]["containerPort"]), (&json!(9000), &json!(9000)));
}

#[test]
fn a_digest_counts_more_than_a_tag() {
    let digest = format!("sha256:{}", "0".repeat(64));
    let image = |switches: &[&str]| container(&rendered(NAMESPACE, switches))["image"].clone();
    assert_eq!(
        image(&[]),
        concat!("clusterwright:", env!("CARGO_PKG_VERSION")),
        "chart and program are of one version"
    );
    let with_digest = image(&["--set=image.tag=v1", &format!("--set=image.digest={digest}")]);
    assert_eq!(with_digest, format!("clusterwright@{digest}"));
}

#[test]
fn the_definitions_are_those_of_the_code_and_stay_by_default() {
    for (switch, wanted) in [("true", vec!["helm.sh/resource-policy"]), ("false", vec![])] {
        let objects = rendered(NAMESPACE, &[&format!("--set=crds.keep={switch}")]);
        let of_chart = objects.into_iter().filter(|object| object["kind"] == "CustomResourceDefinition");
        let mut of_chart: Vec<CustomResourceDefinition> =
            of_chart.map(|object| serde_json::from_value(object).unwrap()).collect();
        let annotations = of_chart.iter_mut().map(|definition| std::mem::take(definition.annotations_mut()));
        assert!(annotations.into_iter().all(|all| all.keys().eq(&wanted)), "crds.keep={switch}");
        for definition in &mut of_chart {
            definition.metadata.annotations = None;
            definition.metadata.labels = None;
        }
        let mut of_code = definitions();
        let name = |definition: &CustomResourceDefinition| definition.name_any();
        of_chart.sort_by_key(name);
        of_code.sort_by_key(name);
        let [of_chart, of_code] = [of_chart, of_code].map(|definitions| serde_json::to_value(definitions).unwrap());
        assert!(of_chart == of_code, "the chart's definitions are not those of the code: run `make crds`");
    }
}

/// The level that refuses the most, and a pod without our settings as the proof that it does.
#[tokio::test]
async fn the_pods_pass_the_restricted_level_of_pod_security() {
    let cluster = Cluster::new().await;
    cluster.create_namespace("restricted", json!({"pod-security.kubernetes.io/enforce": "restricted"})).await;
    let objects = rendered("restricted", &[]);
    let account = find(&objects, "ServiceAccount").unwrap().clone();
    cluster.apply(&[account]).await.unwrap();
    let template = find(&objects, "Deployment").unwrap()["spec"]["template"].clone();
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
        "metadata": {"name": "clusterwright-0", "namespace": "restricted"}});
    let test = find(&objects, "Pod").unwrap().clone();
    cluster.dry_run(&[pod.clone(), test]).await.unwrap();
    pod["spec"]["containers"][0]["securityContext"] = json!({});
    let refusal = cluster.dry_run(&[pod]).await.unwrap_err();
    assert!(refusal.contains("violates PodSecurity"), "{refusal}");
}

/// The API server knows their kinds only where the Prometheus operator is, so that they are held against what they are about.
#[test]
fn what_prometheus_is_told_is_about_this_release() {
    let objects =
        rendered("ops", &["--set=metrics.serviceMonitor.enabled=true", "--set=metrics.prometheusRule.enabled=true"]);
    let file = std::fs::read_to_string(chart::folder().join("files/alerts.yaml")).unwrap();
    let rules: Value = serde_saphyr::from_str(&file.replace("clusterwright-system", "ops")).unwrap();
    assert_eq!(find(&objects, "PrometheusRule").unwrap()["spec"], rules);
    let (monitor, service) = (&find(&objects, "ServiceMonitor").unwrap()["spec"], find(&objects, "Service").unwrap());
    for (label, value) in monitor["selector"]["matchLabels"].as_object().unwrap() {
        assert_eq!(service["metadata"]["labels"][label], *value);
    }
    assert_eq!(monitor["endpoints"], json!([{"port": service["spec"]["ports"][0]["name"], "path": "/metrics"}]));
}
