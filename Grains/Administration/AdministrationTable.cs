using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Administration;

/// <summary>Which address is answered by whom.</summary>
internal sealed class AdministrationTable(
    SessionDesk sessions, RobotDesk robots, ExplainDesk explain, ConfigurationDesk configuration, ReportDesks reports)
{
    public ValueTask<AdministrationReply> Answer(AdministrationCall call, CancellationToken cancellation)
    {
        var path = call.Request.Path.Split('/');
        if (Nothing(path).Allow?.Split(", ").Contains(call.Request.Method) == true
            && AdministrationQuestion.Refuse(call, path) is { } refusal)
        {
            return new(refusal);
        }

        return (call.Request.Method, path) switch
        {
            ("GET", ["configuration"]) => configuration.Read(call),
            ("PUT", ["configuration"]) => configuration.Write(call),
            ("GET", ["configuration", "history"]) => configuration.History(call),
            ("POST", ["configuration", "rollback"]) => configuration.Rollback(call),
            ("GET", ["explain"]) => explain.Explain(call, cancellation),
            ("GET", ["audit"]) => reports.Audit.Read(call),
            ("GET", ["tenant"]) => reports.Part.Read(call),
            ("GET", ["usage"]) => reports.Usage.Describe(call),
            ("GET", ["history"]) => reports.Usage.History(call),
            ("GET", ["upstreams"]) => reports.Upstreams.List(call),
            ("GET", ["sessions"]) => sessions.List(call),
            ("POST", ["sessions", "revoke"]) => sessions.Revoke(call),
            ("GET", ["robots"]) => robots.List(call),
            ("POST", ["robots"]) => robots.Create(call),
            ("POST", ["robots", var name, "rotate"]) => robots.Rotate(call, name),
            ("DELETE", ["robots", var name]) => robots.Revoke(call, name),
            ("DELETE", ["robots", var name, "secrets", var secret]) => robots.EndSecret(call, name, secret),
            _ => new(Nothing(path)),
        };
    }

    private static AdministrationReply Nothing(string[] path) => path switch
    {
        ["explain"] or ["sessions"] or ["usage"] or ["history"] or ["upstreams"] or ["audit"] or ["tenant"]
            or ["configuration", "history"] => Other("GET"),
        ["sessions", "revoke"] or ["robots", _, "rotate"] or ["configuration", "rollback"] => Other("POST"),
        ["configuration"] => Other("GET, PUT"),
        ["robots"] => Other("GET, POST"),
        ["robots", _] or ["robots", _, "secrets", _] => Other("DELETE"),
        _ => AdministrationAnswer.Error(
            404, "there is nothing here; see /admin/configuration, /admin/configuration/history, /admin/configuration/rollback, " +
            "/admin/explain, /admin/sessions, /admin/sessions/revoke, /admin/robots, /admin/usage, /admin/history, " +
            "/admin/upstreams, /admin/tenant and /admin/audit"),
    };

    private static AdministrationReply Other(string allow) =>
        AdministrationAnswer.Error(405, $"this address takes {allow}") with { Allow = allow };
}

/// <summary>What is read and never changed.</summary>
internal sealed record ReportDesks(UsageDesk Usage, UpstreamDesk Upstreams, AuditDesk Audit, PartDesk Part);
