using System.Diagnostics.Metrics;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Telemetry;

/// <summary>What tenants are served, and what they are not. Labels are names of the configuration and words of the code.</summary>
internal sealed class TenantMeter
{
    /// <summary>Sets of labels beside those that each tenant has: see <see cref="TenantSeries"/>.</summary>
    public const int RequestPool = 300, DenialPool = 100, LimitPool = 60;

    private static readonly string[] Classes = ["other", "1xx", "2xx", "3xx", "4xx", "5xx"];

    private readonly TimeProvider _time;
    private readonly TenantSeries _requestSeries = new(RequestPool);
    private readonly TenantSeries _denialSeries = new(DenialPool);
    private readonly TenantSeries _limitSeries = new(LimitPool);
    private readonly Counter<long> _requests;
    private readonly Counter<long> _answers;
    private readonly Counter<long> _received;
    private readonly Counter<long> _sent;
    private readonly Counter<long> _denied;
    private readonly Counter<long> _limited;
    private readonly Counter<long> _logins;
    private readonly Histogram<double> _ofTenants;
    private readonly Histogram<double> _ofResources;

    public TenantMeter(IMeterFactory meters, TimeProvider time)
    {
        _time = time;
        var meter = meters.Create("RegistryProxy.Gateway");
        _requests = meter.CreateCounter<long>(
            "registryproxy.gateway.requests", "{request}", "Requests of each tenant, by what was done and by the class of the status");
        _answers = meter.CreateCounter<long>(
            "registryproxy.gateway.answers", "{request}", "Requests of all tenants, by the class of the status");
        _received = meter.CreateCounter<long>("registryproxy.gateway.received", "By", "Bytes of bodies that came to be pushed");
        _sent = meter.CreateCounter<long>(
            "registryproxy.gateway.sent", "By", "Bytes of the bodies of answers that were sent, also of those that were cut off");
        _ofTenants = meter.CreateHistogram<double>(
            "registryproxy.gateway.tenant_duration", "s", "From the head of a request to the end of its answer, by tenant");
        _ofResources = meter.CreateHistogram<double>(
            "registryproxy.gateway.request_duration", "s", "From the head of a request to the end of its answer, by what it is about");
        _denied = meter.CreateCounter<long>(
            "registryproxy.gateway.denied", "{request}", "Requests that were denied for another reason than a limit: see limited");
        _limited = meter.CreateCounter<long>(
            "registryproxy.gateway.limited", "{request}", "Requests that a limit of their tenant refused");
        _logins = meter.CreateCounter<long>(
            "registryproxy.gateway.logins", "{login}", "Logins, by the authenticator that judged them, if one did, and by what came of it");
    }

    /// <summary>The class of a status, such as <c>2xx</c>.</summary>
    public static string ClassOf(int status) => status is >= 100 and < 600 ? Classes[status / 100] : Classes[0];

    /// <summary>How many tenants there are: they share what is beyond the series that each has.</summary>
    public void Serve(int tenants) => Array.ForEach([_requestSeries, _denialSeries, _limitSeries], series => series.Share(tenants));

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
        var (name, of) = (operation.Name, ClassOf(status));
        _answers.Add(1, new KeyValuePair<string, object?>("status", of));
        if (!IsOfAll(name, of) && !_requestSeries.Has(tenant, name, of))
        {
            name = of = TenantSeries.Any;
        }

        _requests.Add(1, new("tenant", tenant), new("operation", name), new("status", of));
        _ofTenants.Record(seconds, new KeyValuePair<string, object?>("tenant", tenant));
        _ofResources.Record(seconds, new KeyValuePair<string, object?>("resource", operation.Resource));
    }

    /// <summary>What every tenant has a series of.</summary>
    private static bool IsOfAll(string operation, string status) => operation switch
    {
        "pull" => status is "2xx" or "3xx" or "4xx" or "5xx",
        "push" or "token" => status is "2xx",
        _ => false,
    };

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
    public void Denied(string tenant, string reason) => _denied.Add(
        1, new("tenant", tenant), new("reason", reason == "rule" || _denialSeries.Has(tenant, reason) ? reason : TenantSeries.Any));

    /// <summary>A limit of a tenant refused a request.</summary>
    /// <param name="limit"><c>identity</c>, <c>requests</c> or <c>streams</c>.</param>
    public void Limited(string tenant, string limit) => _limited.Add(
        1, new("tenant", tenant), new("limit", _limitSeries.Has(tenant, limit) ? limit : TenantSeries.Any));

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
