//! What a request asks for, read from its method, path, query and headers.

use axum::extract::Query;
use bytes::Bytes;
use http::{Method, header, request::Parts};
use serde::Deserialize;

use super::refusal::Refusal;
use super::resource::{NAMESPACES, Resource};
use super::selector::Selector;

/// What is done to a resource. An apply is a patch to the API, and told apart here because tests care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Apply,
    Delete,
    DeleteCollection,
}

impl Verb {
    /// Whether it may change something.
    pub(crate) fn writes(self) -> bool {
        !matches!(self, Self::Get | Self::List | Self::Watch)
    }
}

/// Which half of an object a request addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Main,
    Status,
}

/// The parameters that the server heeds. `limit` is not among them: a server may answer with everything at once.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "so has the query")]
pub(super) struct Parameters {
    pub(super) watch: bool,
    pub(super) resource_version: String,
    pub(super) resource_version_match: String,
    pub(super) label_selector: String,
    pub(super) field_selector: String,
    pub(super) timeout_seconds: Option<u64>,
    pub(super) allow_watch_bookmarks: bool,
    pub(super) send_initial_events: bool,
    pub(super) field_manager: String,
    pub(super) force: bool,
    pub(super) dry_run: String,
}

/// One request, understood.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) verb: Verb,
    pub(super) resource: &'static Resource,
    /// Empty for everything that is not in one namespace.
    pub(super) namespace: String,
    /// Empty for a whole collection.
    pub(super) name: String,
    pub(super) part: Part,
    pub(super) parameters: Parameters,
    pub(super) selector: Selector,
    pub(super) content_type: String,
    /// The client asked for the objects' metadata alone.
    pub(super) metadata_only: bool,
    pub(super) body: Bytes,
}

/// Where a path leads.
struct Place {
    resource: &'static Resource,
    namespace: String,
    name: String,
    part: Part,
}

impl Call {
    /// Reads a request.
    pub(super) fn read(parts: &Parts, body: Bytes) -> Result<Self, Refusal> {
        let place = Place::of(parts.uri.path()).ok_or_else(Refusal::no_such_path)?;
        let Query(parameters) =
            Query::<Parameters>::try_from_uri(&parts.uri).map_err(|error| Refusal::bad_request(&error.to_string()))?;
        let content_type = text(parts, header::CONTENT_TYPE);
        Ok(Self {
            verb: verb(&parts.method, &place, &parameters, &content_type)?,
            resource: place.resource,
            namespace: place.namespace,
            name: place.name,
            part: place.part,
            selector: Selector::parse(&parameters.label_selector, &parameters.field_selector)?,
            metadata_only: text(parts, header::ACCEPT).contains("as=PartialObjectMetadata"),
            parameters,
            content_type,
            body,
        })
    }
}

fn text(parts: &Parts, header: header::HeaderName) -> String {
    parts.headers.get(header).and_then(|value| value.to_str().ok()).unwrap_or_default().into()
}

fn verb(method: &Method, place: &Place, parameters: &Parameters, content_type: &str) -> Result<Verb, Refusal> {
    let whole = place.name.is_empty();
    match *method {
        Method::GET if whole && parameters.watch => Ok(Verb::Watch),
        Method::GET if whole => Ok(Verb::List),
        Method::GET => Ok(Verb::Get),
        Method::POST if whole => Ok(Verb::Create),
        Method::PUT if !whole => Ok(Verb::Update),
        Method::PATCH if !whole && content_type.starts_with("application/apply-patch") => Ok(Verb::Apply),
        Method::PATCH if !whole => Ok(Verb::Patch),
        Method::DELETE if whole => Ok(Verb::DeleteCollection),
        Method::DELETE if place.part == Part::Main => Ok(Verb::Delete),
        _ => Err(Refusal::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )),
    }
}

impl Place {
    fn of(path: &str) -> Option<Self> {
        let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match segments.as_slice() {
            ["api", version, rest @ ..] => Self::within("", version, rest),
            ["apis", group, version, rest @ ..] => Self::within(group, version, rest),
            _ => None,
        }
    }

    fn within(group: &str, version: &str, rest: &[&str]) -> Option<Self> {
        if let ["namespaces", namespace, plural, rest @ ..] = rest
            && let Some(resource) = Resource::at(group, version, plural)
        {
            return Self::named(resource, namespace, rest).filter(|_| resource.namespaced);
        }
        let (plural, rest) = rest.split_first()?;
        let resource = Resource::at(group, version, plural)?;
        // Across namespaces, there are collections only.
        Self::named(resource, "", rest).filter(|place| !resource.namespaced || place.name.is_empty())
    }

    fn named(resource: &'static Resource, namespace: &str, rest: &[&str]) -> Option<Self> {
        let (name, part) = match rest {
            [] => ("", Part::Main),
            [name] => (*name, Part::Main),
            [name, "status"] if resource.custom || *resource == NAMESPACES => (*name, Part::Status),
            _ => return None,
        };
        Some(Self { resource, namespace: namespace.into(), name: name.into(), part })
    }
}
