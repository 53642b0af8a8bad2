using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.ServiceDefaults.Telemetry;

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

/// <summary>
/// Which sets of labels a tenant has of a metric. Some are every tenant's; of the others each may have an equal part of a pool, and what is
/// beyond it is counted as <see cref="Any"/> for that tenant. So what one tenant's clients do takes no series from another's.
/// </summary>
/// <param name="pool">Sets that tenants have beside those that each has.</param>
internal sealed class TenantSeries(int pool)
{
    /// <summary>The label of what has no set of its own.</summary>
    public const string Any = "any";

    private readonly ConcurrentDictionary<(string Tenant, string First, string Second), bool> _taken = new();
    private readonly ConcurrentDictionary<string, int> _counts = new();
    private readonly Lock _gate = new();
    private volatile int _part;

    /// <summary>So many tenants share the pool from now on.</summary>
    public void Share(int tenants) => _part = pool / Math.Max(1, tenants);

    /// <summary>Whether a tenant has a set of these labels, or gets it now.</summary>
    public bool Has(string tenant, string first, string second = "") =>
        _taken.ContainsKey((tenant, first, second)) || (_counts.GetValueOrDefault(tenant) < _part && Take(tenant, first, second));

    private bool Take(string tenant, string first, string second)
    {
        lock (_gate)
        {
            if (_taken.ContainsKey((tenant, first, second)))
            {
                return true;
            }

            // There may have been fewer tenants before, each with a larger part.
            if (_taken.Count >= pool || _counts.GetValueOrDefault(tenant) >= _part)
            {
                return false;
            }

            _counts[tenant] = _counts.GetValueOrDefault(tenant) + 1;
            _taken[(tenant, first, second)] = true;
            return true;
        }
    }
}

/// <summary>
/// What a request is for, as metrics and traces name it; told from its line alone, since some are answered before they are read.
/// </summary>
/// <param name="Resource">What it is about.</param>
/// <param name="Name">What is done with it.</param>
internal sealed record ServedOperation(string Resource, string Name)
{
    private static readonly ServedOperation Base = new("base", "other");
    private static readonly ServedOperation Other = new("other", "other");
    private static readonly ServedOperation Login = new("login", "other");
    private static readonly ServedOperation Token = new("token", "token");
    private static readonly ServedOperation Catalog = new("catalog", "list");
    private static readonly ServedOperation Tags = new("tags", "list");
    private static readonly ServedOperation Referrers = new("referrers", "list");
    private static readonly ServedOperation Upload = new("upload", "push");
    private static readonly ServedOperation EndOfUpload = new("upload", "delete");
    private static readonly ServedOperation[] OfManifests = OfContent("manifest");
    private static readonly ServedOperation[] OfBlobs = OfContent("blob");

    /// <summary>The operation of a request on a host of a tenant.</summary>
    public static ServedOperation Of(string method, ReadOnlySpan<char> path)
    {
        // What the page for people asks is the same operation.
        path = path.StartsWith("/page/v2/", StringComparison.Ordinal) ? path["/page".Length..] : path;
        if (!path.StartsWith("/v2/", StringComparison.Ordinal))
        {
            return path is "/token" || path.StartsWith("/token/", StringComparison.Ordinal) ? Token
                : path is "/login" || path.StartsWith("/login/", StringComparison.Ordinal) ? Login : Other;
        }

        var rest = path[4..];
        var end = rest.LastIndexOf('/');
        return rest switch
        {
            "" => Base,
            "_catalog" => Catalog,
            _ when end < 0 => Other,
            _ => OfEndpoint(method, rest[..end]),
        };
    }

    /// <summary>By what stands before the last slash.</summary>
    private static ServedOperation OfEndpoint(string method, ReadOnlySpan<char> path) => path[(path.LastIndexOf('/') + 1)..] switch
    {
        "manifests" => OfManifests[Index(method)],
        "blobs" => OfBlobs[Index(method)],
        "uploads" => HttpMethods.IsDelete(method) ? EndOfUpload : Upload,
        "tags" => Tags,
        "referrers" => Referrers,
        _ => Other,
    };

    private static ServedOperation[] OfContent(string resource) =>
        [new(resource, "pull"), new(resource, "push"), new(resource, "delete")];

    private static int Index(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) ? 0
        : HttpMethods.IsDelete(method) ? 2 : 1;
}

/// <summary>
/// The span of a request: named by what it is for, with its tenant and its upstream. Costs nothing while nothing is traced.
/// </summary>
internal static class RequestSpan
{
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    /// <summary>A request of a tenant begins.</summary>
    public static void Name(HttpContext context, string tenant, ServedOperation operation)
    {
        if (SpanOf(context) is { } span)
        {
            span.DisplayName = NameOf(context.Request.Method, operation);
            span.SetTag(SpanTags.Tenant, tenant);
            RequestContext.Set(SpanTags.Tenant, tenant);
        }
    }

    /// <summary>It is for a repository of an upstream.</summary>
    public static void For(HttpContext context, string upstream)
    {
        if (SpanOf(context) is { } span)
        {
            span.SetTag(SpanTags.Upstream, upstream);
            RequestContext.Set(SpanTags.Upstream, upstream);
        }
    }

    /// <summary>Such as <c>GET manifest</c>; a method that is none of HTTP's is no part of a name.</summary>
    public static string NameOf(string method, ServedOperation operation) =>
        $"{(Methods.Contains(method) ? method : "HTTP")} {operation.Resource}";

    private static System.Diagnostics.Activity? SpanOf(HttpContext context) =>
        TelemetryExport.IsOn ? context.Features.Get<IHttpActivityFeature>()?.Activity : null;
}
