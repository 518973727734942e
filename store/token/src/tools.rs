//! The names of the gateway's tools, for whoever wants to tell a limit from a slip of the pen.

/// All tools that a gateway of this version or of Aurora itself offers. A name that is not here may be of a newer one: say so, but
/// don't refuse it.
pub const TOOLS: [&str; 28] = [
    "ask_incident",
    "aurora_api",
    "call_tool",
    "chat_with_aurora",
    "get_action",
    "get_graph_stats",
    "get_incident",
    "get_infrastructure_context",
    "incident_finding_detail",
    "incident_findings",
    "incident_list_alerts",
    "knowledge_base_search",
    "list_action_runs",
    "list_actions",
    "list_incidents",
    "list_services",
    "query_alerts",
    "query_bitbucket",
    "query_jira",
    "query_logs",
    "query_metrics",
    "query_notion",
    "regenerate_rca",
    "search_knowledge_base",
    "search_runbooks",
    "search_tools",
    "service_impact",
    "trigger_rca",
];
