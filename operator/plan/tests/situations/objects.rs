//! Services, and the end.

use super::*;

// --- Services ---

#[test]
fn missing_gateway_service_is_made_and_removed_with_the_last_token() {
    let mut world = World::new(json!({}));
    world.services.clear();
    expect(&mut world, &["add-finalizer", "write-secret", "register-row", "write-service"], "Ready", &[1]);
    let mut last = world.clone();
    last.delete();
    expect(&mut last, &["revoke-row", "remove-service", "remove-finalizer"], "", &[]);
    world.others = true;
    world.delete();
    expect(&mut world, &["revoke-row", "remove-finalizer"], "", &[]);
}

#[test]
fn service_that_a_helm_release_brings_is_made_again_as_helms_unless_the_release_goes() {
    let mut world = World::settled(json!({}));
    world.config.gateway.release = Some("aurora-mcp".into());
    world.services.clear();
    world.leaving = true;
    expect(&mut world.clone(), &[], "Ready", &[1]);
    world.leaving = false;
    expect(&mut world, &["write-service"], "Ready", &[1]);
    let made = world.services[&("aurora-oss".to_owned(), "aurora-oss-mcp".to_owned())].metadata.clone();
    assert_eq!(made.labels.unwrap()["app.kubernetes.io/managed-by"], "Helm");
    let annotations = made.annotations.unwrap();
    assert_eq!(annotations["meta.helm.sh/release-name"], "aurora-mcp");
    assert_eq!(annotations["meta.helm.sh/release-namespace"], "aurora-oss");
    world.delete();
    expect(&mut world, &["revoke-row", "remove-finalizer"], "", &[]);
    assert_eq!(world.services.len(), 1, "Helm's to remove");
}

#[test]
fn service_that_a_helm_release_took_over_from_the_operator_is_left_to_it() {
    let mut world = World::settled(json!({}));
    world.services.clear();
    expect(&mut world, &["write-service"], "Ready", &[1]);
    // What `helm upgrade --take-ownership` writes, beside the operator's mark.
    let taken = world.services.values_mut().next().unwrap().metadata.annotations.as_mut().unwrap();
    taken.insert("meta.helm.sh/release-name".into(), "aurora-mcp".into());
    world.delete();
    expect(&mut world, &["revoke-row", "remove-finalizer"], "", &[]);
}

#[test]
fn gateway_service_of_the_chart_is_never_removed() {
    let mut world = World::settled(json!({}));
    world.delete();
    expect(&mut world, &["revoke-row", "remove-finalizer"], "", &[]);
    assert_eq!(world.services.len(), 1);
}

#[test]
fn service_named_in_another_namespace_is_an_alias_of_the_gateways() {
    let mut world = elsewhere(vec![Tenant {
        namespace: Some("team".into()),
        organisations: vec!["*".into()],
        ..Tenant::default()
    }]);
    world.edit(json!({"service": {"name": "aurora"}}));
    expect(&mut world, &["add-finalizer", "write-secret", "register-row", "write-service"], "Ready", &[1]);
    let service = &world.services[&("team".to_owned(), "aurora".to_owned())].spec.clone().unwrap();
    assert_eq!(service.external_name.as_deref(), Some("aurora-oss-mcp.aurora-oss.svc.cluster.local"));
    let url = String::from_utf8(world.secret().unwrap().data.as_ref().unwrap()["url"].0.clone()).unwrap();
    assert_eq!(url, "http://aurora.team.svc.cluster.local:8811/mcp");
}

#[test]
fn address_of_a_gateway_with_tls_of_its_own_says_so() {
    let mut world = World::settled(json!({}));
    world.config.gateway.scheme = Scheme::Https;
    expect(&mut world, &["write-secret"], "Ready", &[1]);
    let url = |world: &World| {
        String::from_utf8(world.secret().unwrap().data.as_ref().unwrap()["url"].0.clone()).unwrap()
    };
    assert_eq!(url(&world), "https://aurora-oss-mcp.aurora-oss.svc.cluster.local:8811/mcp");
    world.edit(json!({"service": {"name": "lb", "port": 443}}));
    world.settle();
    assert_eq!(url(&world), "https://lb.aurora-oss.svc.cluster.local:443/mcp");
}

#[test]
fn service_of_pods_cannot_be_made_in_another_namespace() {
    let mut world = elsewhere(vec![Tenant {
        namespace: Some("team".into()),
        organisations: vec!["*".into()],
        ..Tenant::default()
    }]);
    world.edit(json!({"service": {"name": "aurora", "type": "LoadBalancer"}}));
    world.settle();
    assert_eq!(world.ready(), "ServiceConflict");
}

#[test]
fn foreign_service_is_never_overwritten() {
    let mut world = World::new(json!({"service": {"name": "web"}}));
    world.foreign_service("aurora-oss", "web");
    expect(&mut world, ISSUED, "ServiceConflict", &[1]);
}

#[test]
fn named_service_beside_the_gateway_selects_its_pods() {
    let spec =
        json!({"service": {"name": "lb", "type": "LoadBalancer", "port": 80, "annotations": {"a": "b"}}});
    let mut world = World::settled(spec);
    let service = world.services[&("aurora-oss".to_owned(), "lb".to_owned())].clone();
    let spec = service.spec.unwrap();
    let port = &spec.ports.unwrap()[0];
    assert_eq!((spec.type_.as_deref(), port.port), (Some("LoadBalancer"), 80));
    assert_eq!(port.target_port, Some(IntOrString::String("mcp".into())), "what the chart calls it");
    assert_eq!(spec.selector.unwrap()["app"], "gateway");
    assert_eq!(service.metadata.annotations.unwrap()["a"], "b");
    world.edit(json!({"service": {"name": "lb", "type": "LoadBalancer", "port": 81}}));
    expect(&mut world, &["write-secret", "write-service"], "Ready", &[1]);
}

#[test]
fn service_of_an_earlier_name_goes() {
    let mut world = World::settled(json!({"service": {"name": "lb", "type": "LoadBalancer"}}));
    world.edit(json!({"service": {"name": "inside"}}));
    expect(&mut world, &["write-secret", "remove-service", "write-service"], "Ready", &[1]);
    assert!(!world.services.contains_key(&("aurora-oss".to_owned(), "lb".to_owned())));
    world.edit(json!({"service": null}));
    expect(&mut world, &["write-secret", "remove-service"], "Ready", &[1]);
    assert_eq!(world.services.len(), 1, "the gateway's own stays");
}

#[test]
fn shared_service_stays_for_the_others() {
    let mut world = World::settled(json!({"service": {"name": "lb"}}));
    let key = ("aurora-oss".to_owned(), "lb".to_owned());
    let owners = world.services.get_mut(&key).unwrap().metadata.owner_references.as_mut().unwrap();
    let other = OwnerReference { uid: "another".into(), ..owners[0].clone() };
    owners.push(other.clone());
    world.edit(json!({"service": null}));
    expect(&mut world, &["write-secret", "write-service"], "Ready", &[1]);
    assert_eq!(world.services[&key].metadata.owner_references, Some(vec![other]));
}

#[test]
fn service_of_an_earlier_name_that_somebody_else_made_stays() {
    let mut world = World::settled(json!({"service": {"name": "lb"}}));
    world.foreign_service("aurora-oss", "lb");
    world.edit(json!({"service": null}));
    expect(&mut world, &["write-secret"], "Ready", &[1]);
    assert_eq!(world.services.len(), 2);
}

// --- Deleting ---

#[test]
fn deletion_follows_its_policy() {
    for (policy, steps, accepted) in [
        ("Revoke", ["revoke-row", "remove-finalizer"], vec![]),
        ("Delete", ["delete-row", "remove-finalizer"], vec![]),
        ("Retain", ["retain-row", "remove-finalizer"], vec![1]),
    ] {
        let mut world = World::settled(json!({"deletionPolicy": policy}));
        world.delete();
        expect(&mut world, &steps, "", &accepted);
    }
}

#[test]
fn deletion_ends_every_token_of_the_overlap() {
    let mut world = World::settled(json!({}));
    world.request_rotation("now").settle();
    world.delete();
    expect(&mut world, &["revoke-row", "revoke-row", "remove-finalizer"], "", &[]);
}

#[test]
fn suspension_does_not_hold_deletion_back() {
    let mut world = World::settled(json!({"suspended": true}));
    world.delete();
    expect(&mut world, &["revoke-row", "remove-finalizer"], "", &[]);
}

#[test]
fn deletion_waits_for_the_database_and_says_so() {
    let mut world = World::settled(json!({}));
    world.away = true;
    world.delete();
    expect(&mut world, NOTHING, "DatabaseUnavailable", &[1]);
    world.away = false;
    expect(&mut world, &["revoke-row", "remove-finalizer"], "", &[]);
}

#[test]
fn deletion_of_what_never_was_does_not_wait() {
    let mut world = World::new(json!({}));
    world.away = true;
    world.settle();
    world.delete();
    expect(&mut world, &["remove-finalizer"], "", &[]);
}

#[test]
fn deletion_of_a_blocked_token_goes_through() {
    let mut world = World::settled(json!({}));
    world.user = None;
    world.settle();
    world.delete();
    expect(&mut world, &["revoke-row", "remove-finalizer"], "", &[]);
}

#[test]
fn deleting_resource_without_our_finalizer_is_left_alone() {
    let mut world = World::new(json!({}));
    world.delete();
    assert_eq!(world.due(), NOTHING);
}
