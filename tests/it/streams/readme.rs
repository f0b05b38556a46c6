//! The loops that the README shows for streams: who writes no more than that cannot take a cut answer
//! for a whole one.

use std::time::Duration;

use flow_errors::Error;
use flow_sim::Sim;
use flow_tests::TestClient;
use tokio::runtime::Runtime;

use super::patient;
use super::scenarios::{PREFIX, is_whole, names};

const README: &str = include_str!("../../../README.md");

fn read_blocking(client: &flow_blocking::Client, model: &str) -> Result<(), Error> {
    fn print_answer(client: &flow_blocking::Client, model: &str) -> flow_blocking::Result<()> {
        for chunk in client.chat(model).user("Hello").stream()? {
            print!("{}", chunk?.text());
        }
        Ok(())
    }
    print_answer(client, model)
}

async fn read_async(client: &flow_async::Client, model: &str) -> Result<(), Error> {
    async fn print_answer(client: &flow_async::Client, model: &str) -> flow_async::Result<()> {
        let mut stream = client.chat(model).user("Hello").stream().await?;
        while let Some(chunk) = stream.next().await {
            print!("{}", chunk?.text());
        }
        Ok(())
    }
    print_answer(client, model).await
}

#[test]
fn loops_are_those_of_the_readme() {
    let section = README.split("\n## Streams\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let blocks = section.split("```rust,no_run\n").skip(1);
    let loops: Vec<_> = blocks.map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(loops.len(), 2, "{section}");
    for code in loops {
        let indented: String = code.lines().map(|line| format!("    {line}\n")).collect();
        assert!(include_str!("readme.rs").contains(&indented), "not what is tested here:\n{code}");
    }
}

#[test]
fn blocking_loop_tells_whole_answers_from_all_others() {
    tells_whole_answers_from_all_others(read_blocking);
}

#[test]
fn async_loop_tells_whole_answers_from_all_others() {
    let runtime = Runtime::new().unwrap();
    tells_whole_answers_from_all_others(|client, model| {
        runtime.block_on(read_async(client, model))
    });
}

fn tells_whole_answers_from_all_others<C: TestClient>(
    read: impl Fn(&C, &str) -> Result<(), Error>,
) {
    const LIMIT: Duration = Duration::from_millis(200);
    let sim = Sim::start().unwrap();
    let client: C = patient(&sim).idle_timeout(LIMIT).first_content_timeout(LIMIT).build().unwrap();
    for name in names() {
        let end = read(&client, &format!("{PREFIX}{name}"));
        assert_eq!(end.is_ok(), is_whole(&name), "{name}: {end:?}");
    }
}
