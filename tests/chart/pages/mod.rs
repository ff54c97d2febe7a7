//! The README and the pages in `docs/`, as their readers follow them: every command runs, in the order of the page.
//!
//! Each page has a world of its own, with an API server, what its reader has done before, and both clouds' simulator.
//! Nodes are played by [`node`], so that what `helm` installs runs. Everything that differs from a reader's own world is
//! in [`differences`].

mod differences;
mod node;
mod page;
mod reader;
mod world;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rstest::rstest;

use crate::support::control_plane::root;

use page::Page;
use world::World;

#[rstest]
#[tokio::test]
async fn does_what_it_says(
    #[files("docs/*.md")]
    #[files("README.md")]
    path: PathBuf,
) {
    let page = Page::read(&path);
    if page.blocks.is_empty() {
        return;
    }
    let world = World::new(&page.name, reader::contexts(&page.name)).await;
    let story = async {
        reader::prepare(&world, &page.name).await;
        let before = world.cloud.effects().await.len();
        world.follow(&page).await;
        let done = world.cloud.effects().await.split_off(before);
        assert_eq!(actions(&done), reader::effects(&page.name), "what {} does to the clouds: {done:?}", page.name);
    };
    world.live(story).await;
}

/// What was done, without the names of what it was done to.
fn actions(effects: &[String]) -> Vec<&str> {
    effects.iter().filter_map(|effect| effect.split(' ').next()).collect()
}

/// The tests are made when this is compiled, and a page may have come since.
#[test]
fn every_page_is_among_the_tests() {
    let tests = Command::new(std::env::current_exe().unwrap()).arg("--list").output().unwrap().stdout;
    let tests = String::from_utf8(tests).unwrap();
    let pages = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().file_name());
    let names = pages.map(|name| name.into_string().unwrap().replace(['.', '-'], "_"));
    let missing: BTreeSet<String> = names.filter(|name| !tests.contains(&format!("_{name}: test"))).collect();
    assert_eq!(missing, BTreeSet::new(), "compile tests/chart anew, for example after touching this file");
}

#[test]
fn no_difference_is_listed_that_no_page_needs() {
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = docs.chain([root().join("README.md")]).map(|path| Page::read(&path));
    let text: String = pages.flat_map(|page| page.blocks).map(|block| block.text).collect();
    assert_eq!(differences::without_use(&text), Vec::<&str>::new());
}
