use lamplit_types::{AccountId, AudienceId, Author, DeviceId, Incarnation, SpaceId};
use lamplit_wire::{Head, SetId};

use super::*;

#[test]
fn all_is_told_from_the_beginning_and_counted() {
    let metrics = Metrics::default();
    let text = metrics.text(0, 0);
    assert!(text.contains("lamplit_server_posts_total{outcome=\"busy\"} 0\n"), "{text}");
    metrics.handshake(Handshake::Refused);
    let audience = AudienceId::from_bytes([1; 16]);
    let author = Author { device: DeviceId::from_bytes([2; 32]), incarnation: Incarnation(3) };
    let set = SetId { space: SpaceId::Account(AccountId::from_bytes([4; 16])), audience };
    let outcome = AppendOutcome::Elsewhere;
    metrics.told(&[Down::Appended(Appended { set, author, head: Head::default(), outcome })]);
    metrics.oversized();
    metrics.texted(Texted::Unclear);
    metrics.committed(3, Duration::from_millis(2), false);
    let text = metrics.text(7, 4096);
    for line in [
        "lamplit_server_connections 7\n",
        "lamplit_server_handshakes_total{outcome=\"refused\"} 1\n",
        "lamplit_server_handshakes_total{outcome=\"made\"} 0\n",
        "lamplit_server_pieces_total{outcome=\"elsewhere\"} 1\n",
        "lamplit_server_pieces_total{outcome=\"kept\"} 0\n",
        "lamplit_server_oversized_total 1\n",
        "lamplit_server_texts_total{outcome=\"unclear\"} 1\n",
        "lamplit_server_texts_total{outcome=\"taken\"} 0\n",
        "lamplit_server_batches_total 3\n",
        "lamplit_server_commits_total{outcome=\"done\"} 1\n",
        "lamplit_server_commit_seconds_count 1\n",
        "lamplit_server_commit_seconds_bucket{le=\"0.001\"} 0\n",
        "lamplit_server_commit_seconds_bucket{le=\"0.002\"} 1\n",
        "lamplit_server_store_bytes 4096\n",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
}

#[test]
fn it_fails_from_a_failed_commit_to_the_next_that_does_not() {
    let metrics = Metrics::default();
    metrics.committed(1, Duration::ZERO, true);
    assert!(metrics.is_failing());
    metrics.committed(1, Duration::ZERO, false);
    assert!(!metrics.is_failing());
}
