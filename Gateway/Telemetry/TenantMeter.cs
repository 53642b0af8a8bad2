using System.Diagnostics.Metrics;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Telemetry;

/// <summary>What tenants are served, and what they are not. Labels are names of the configuration and words of the code.</summary>
internal sealed class TenantMeter
{
    private static readonly string[] Classes = ["other", "1xx", "2xx", "3xx", "4xx", "5xx"];

    private readonly TimeProvider _time;
    private readonly Counter<long> _requests;
    private readonly Counter<long> _received;
    private readonly Counter<long> _sent;
    private readonly Counter<long> _denied;
    private readonly Counter<long> _logins;
    private readonly Histogram<double> _ofTenants;
    private readonly Histogram<double> _ofResources;

    public TenantMeter(IMeterFactory meters, TimeProvider time)
    {
        _time = time;
        var meter = meters.Create("RegistryProxy.Gateway");
        _requests = meter.CreateCounter<long>(
            "registryproxy.gateway.requests", "{request}", "Requests of each tenant, by what was done and by the class of the status");
        _received = meter.CreateCounter<long>("registryproxy.gateway.received", "By", "Bytes of bodies that came to be pushed");
        _sent = meter.CreateCounter<long>(
            "registryproxy.gateway.sent", "By", "Bytes of the bodies of answers that were sent, also of those that were cut off");
        _ofTenants = meter.CreateHistogram<double>(
            "registryproxy.gateway.tenant_duration", "s", "From the head of a request to the end of its answer, by tenant");
        _ofResources = meter.CreateHistogram<double>(
            "registryproxy.gateway.request_duration", "s", "From the head of a request to the end of its answer, by what it is about");
        _denied = meter.CreateCounter<long>(
            "registryproxy.gateway.denied", "{request}", "Requests that were denied for another reason than a limit: see limited");
        _logins = meter.CreateCounter<long>(
            "registryproxy.gateway.logins", "{login}", "Logins, by the authenticator that judged them, if one did, and by what came of it");
    }

    /// <summary>The class of a status, such as <c>2xx</c>.</summary>
    public static string ClassOf(int status) => status is >= 100 and < 600 ? Classes[status / 100] : Classes[0];

    /// <summary>A request begins; what to end it with.</summary>
    public long Begin() => _time.GetTimestamp();

    /// <summary>A request was answered.</summary>
    /// <param name="tenant">Whose host it came to.</param>
    /// <param name="operation">What it was for.</param>
    /// <param name="status">Of the answer.</param>
    /// <param name="began">When it began.</param>
    public void Answered(string tenant, ServedOperation operation, int status, long began)
    {
        var seconds = _time.GetElapsedTime(began).TotalSeconds;
        _requests.Add(1, new("tenant", tenant), new("operation", operation.Name), new("status", ClassOf(status)));
        _ofTenants.Record(seconds, new KeyValuePair<string, object?>("tenant", tenant));
        _ofResources.Record(seconds, new KeyValuePair<string, object?>("resource", operation.Resource));
    }

    /// <summary>Bodies went by, in bytes.</summary>
    public void Moved(string tenant, long received, long sent)
    {
        if (received > 0)
        {
            _received.Add(received, new KeyValuePair<string, object?>("tenant", tenant));
        }

        if (sent > 0)
        {
            _sent.Add(sent, new KeyValuePair<string, object?>("tenant", tenant));
        }
    }

    /// <summary>A request was denied.</summary>
    /// <param name="reason"><c>rule</c>, <c>scope</c>, <c>token</c>, <c>credentials</c>, <c>login</c>, <c>undecided</c> or
    /// <c>upstream</c>.</param>
    public void Denied(string tenant, string reason) => _denied.Add(1, new("tenant", tenant), new("reason", reason));

    /// <summary>Somebody tried to log in.</summary>
    public void LoggedIn(string tenant, LoginResult login, bool isLimited)
    {
        var authenticator = login.Judge.Length > 0 ? login.Judge : login.Authenticator;
        var result = isLimited || login.Status == LoginStatus.Throttled ? "limited" : login.Status switch
        {
            LoginStatus.Granted => "granted", LoginStatus.Rejected => "rejected", LoginStatus.Unavailable => "undecided", _ => "invalid",
        };
        _logins.Add(1, new("authenticator", authenticator), new("result", result));
        if (result == "rejected")
        {
            Denied(tenant, "login");
        }
    }
}
