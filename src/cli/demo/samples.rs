//! The manifests in `deploy/samples/`.

use std::fs;
use std::path::Path;

use kube::ResourceExt;
use kube::api::{ApiResource, DynamicObject};
use kube::core::gvk::GroupVersionKind;
use serde_json::{Value, json};

/// Manifests in the order in which they are applied.
#[derive(Debug)]
pub(super) struct Samples(Vec<DynamicObject>);

/// A cluster that the samples take for granted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seed {
    pub(super) team: String,
    pub(super) space: String,
    pub(super) id: String,
}

impl Samples {
    /// Reads every `.yaml` file of a folder and of the folders in it; `Err` is a sentence.
    pub(super) fn read(folder: &Path) -> Result<Self, String> {
        let unreadable = |error| format!("The samples in {} cannot be read: {error}.", folder.display());
        let mut files = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).map_err(unreadable)? {
                let path = entry.map_err(unreadable)?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "yaml") {
                    files.push(path);
                }
            }
        }
        files.sort();
        let mut all = Vec::new();
        for file in files {
            let text = fs::read_to_string(&file).map_err(unreadable)?;
            all.extend(parse(&text).map_err(|error| format!("{} is no manifest: {error}.", file.display()))?);
        }
        if all.is_empty() { Err(format!("There are no samples in {}.", folder.display())) } else { Ok(Self(all)) }
    }

    /// Lets every account speak to `endpoint`.
    pub(super) fn point_to(&mut self, endpoint: &str) {
        for account in self.0.iter_mut().filter(|object| is(object, "CloudAccount")) {
            for cloud in ["typedbCloud", "cratedbCloud"] {
                if let Some(there) = account.data.pointer_mut(&format!("/spec/{cloud}/endpoint")) {
                    *there = json!(endpoint);
                }
            }
        }
    }

    /// Each object with what the API server calls its kind.
    pub(super) fn objects(&self) -> impl Iterator<Item = (&DynamicObject, ApiResource)> {
        self.0.iter().map(|object| (object, resource(object)))
    }

    /// Kind and name of what becomes ready, in the order in which it is shown.
    pub(super) fn watched(&self) -> Vec<(&'static str, String)> {
        let of = |kind: &'static str| {
            self.0.iter().filter(move |object| is(object, kind)).map(move |object| (kind, object.name_any()))
        };
        of("CloudAccount").chain(of("TypeDBCluster")).chain(of("CrateDBCluster")).collect()
    }

    /// The clusters that the manifests refer to by `externalId`, in the places of their accounts.
    pub(super) fn seeds(&self) -> Vec<Seed> {
        let clusters = self.0.iter().filter(|object| is(object, "TypeDBCluster"));
        clusters.filter_map(|cluster| self.seed(cluster)).collect()
    }

    fn seed(&self, cluster: &DynamicObject) -> Option<Seed> {
        let id = text(&cluster.data, "/spec/externalId")?;
        let account_name = text(&cluster.data, "/spec/accountRef/name")?;
        let account = self.0.iter().find(|object| is(object, "CloudAccount") && object.name_any() == account_name)?;
        let (team, space) =
            (text(&account.data, "/spec/typedbCloud/team")?, text(&account.data, "/spec/typedbCloud/space")?);
        Some(Seed { team, space, id })
    }
}

fn parse(text: &str) -> Result<Vec<DynamicObject>, String> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| error.to_string())?;
    documents.into_iter().map(|document| serde_json::from_value(document).map_err(|error| error.to_string())).collect()
}

fn is(object: &DynamicObject, kind: &str) -> bool {
    object.types.as_ref().is_some_and(|types| types.kind == kind)
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer)?.as_str().map(str::to_owned)
}

fn resource(object: &DynamicObject) -> ApiResource {
    let types = object.types.clone().unwrap_or_default();
    let (group, version) = types.api_version.split_once('/').unwrap_or(("", &types.api_version));
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, &types.kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Samples {
        Samples::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/samples")).unwrap()
    }

    #[test]
    fn accounts_are_shown_before_the_clusters_that_wait_for_them() {
        let watched = samples().watched();
        let kinds: Vec<_> = watched.iter().map(|(kind, _)| *kind).collect();
        let accounts = kinds.iter().filter(|kind| **kind == "CloudAccount").count();
        assert!(accounts > 0 && kinds[..accounts].iter().all(|kind| *kind == "CloudAccount"), "{kinds:?}");
        assert!(kinds.contains(&"TypeDBCluster") && kinds.contains(&"CrateDBCluster"), "{kinds:?}");
    }

    #[test]
    fn clusters_that_are_taken_for_granted_are_seeded() {
        let seed = Seed { team: "acme".to_owned(), space: "default".to_owned(), id: "legacy-catalog".to_owned() };
        assert_eq!(samples().seeds(), [seed]);
    }

    #[test]
    fn accounts_are_pointed_to_the_simulator_that_runs() {
        let mut samples = samples();
        samples.point_to("http://127.0.0.1:1");
        let accounts: Vec<_> = samples.objects().filter(|(object, _)| is(object, "CloudAccount")).collect();
        for (account, _) in accounts {
            let spec = account.data["spec"].as_object().unwrap();
            let cloud = spec.iter().find(|(field, _)| field.ends_with("Cloud")).unwrap().1;
            assert_eq!(cloud["endpoint"], "http://127.0.0.1:1");
        }
    }

    #[test]
    fn resources_are_named_as_the_api_server_does() {
        let names: Vec<_> = samples().objects().map(|(_, resource)| (resource.plural, resource.api_version)).collect();
        assert!(names.contains(&("secrets".to_owned(), "v1".to_owned())), "{names:?}");
        assert!(names.contains(&("typedbclusters".to_owned(), "clusterwright.dev/v1alpha1".to_owned())), "{names:?}");
    }

    #[test]
    fn a_folder_without_manifests_is_told() {
        let sentence = Samples::read(Path::new("src/cli/demo")).unwrap_err();
        assert_eq!(sentence, "There are no samples in src/cli/demo.");
    }
}
