using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Silo.Admin;
using RegistryProxy.Silo.Admin.Operations;
using RegistryProxy.Tests.Support.Network;

namespace RegistryProxy.Tests.Support.Browser;

/// <summary>
/// The operations page as a silo serves it, over answers of a large cluster on a bad day: a thousand tenants, two hundred upstreams, some
/// of which fail, names that are markup.
/// </summary>
internal sealed class SeededSilo : IAsyncDisposable
{
    /// <summary>A name that runs as a script wherever it becomes markup.</summary>
    public const string Hostile = "<img src=x onerror=window.hurt=1>";

    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private readonly string _odd;
    private RecordingUpstream _server = null!;

    private SeededSilo(string odd) => _odd = odd;

    public string Url => _server.Url;

    /// <summary>Whether the cluster behind it does not answer.</summary>
    public bool IsFailing { get; set; }

    /// <summary>Whether its answers break off.</summary>
    public bool IsCut { get; set; }

    /// <summary>Whether it takes questions and never answers.</summary>
    public bool IsHanging { get; set; }

    /// <summary>What was asked to be revoked.</summary>
    public int Revocations => _server.Requests.Count(request => request.Target == "/admin/sessions/revoke");

    /// <summary>Starts it.</summary>
    /// <param name="odd">What some of all things are called.</param>
    public static async Task<SeededSilo> Start(string odd = Hostile)
    {
        var silo = new SeededSilo(odd);
        silo._server = await RecordingUpstream.Start(silo.Answer);
        return silo;
    }

    /// <summary>Whether a question was asked that begins so.</summary>
    public bool IsAsked(string target) => _server.Requests.Any(request => request.Target.StartsWith(target, StringComparison.Ordinal));

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private Task Answer(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        return path.StartsWith("/admin/", StringComparison.Ordinal) ? AnswerData(context, path)
            : path == "/" ? AdminPages.Overview(context)
            : path.StartsWith("/assets/", StringComparison.Ordinal) ? AdminPages.Asset(path["/assets/".Length..])(context)
            : Missing(context);
    }

    private Task AnswerData(HttpContext context, string path) => IsFailing ? Fail(context)
        : IsCut ? Cut(context)
        : IsHanging ? Task.Delay(Timeout.Infinite, context.RequestAborted)
        : path.StartsWith("/admin/tenants/", StringComparison.Ordinal)
            ? Write(context, SeededTenant.Page(path["/admin/tenants/".Length..], Now, _odd), OperationsJson.Default.TenantPage)
        : AnswerList(context, path);

    private static async Task Cut(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync("{\"problems\":");
        await context.Response.Body.FlushAsync();
        context.Abort();
    }

    private Task AnswerList(HttpContext context, string path) => path switch
    {
        "/admin/summary" => Write(context, Summary(), OperationsJson.Default.Summary),
        "/admin/tenants" => Tenants(context),
        "/admin/upstreams" => Write(context, Upstreams(), OperationsJson.Default.UpstreamStatusArray),
        "/admin/upstreams/activity" => Write(context, Activity(), OperationsJson.Default.UpstreamActivityArray),
        "/admin/history" => Write(
            context, SeededTenant.History("hub", ["requests", "failures", "refused", "seconds"], Now), OperationsJson.Default.HourOfActivity),
        "/admin/audit" => context.Response.WriteAsJsonAsync(Audit(context.Request.Query)),
        "/admin/configuration" => SeededPart.Text(context, _odd),
        "/admin/configuration/history" => SeededPart.History(context, Now, _odd),
        "/admin/cache" => Write(context, Caches(), OperationsJson.Default.IReadOnlyListCacheReport),
        "/admin/sessions" => Sessions(context),
        "/admin/sessions/revoke" => context.Response.WriteAsync("""{"revoked":1}"""),
        "/admin/explain" => context.Response.WriteAsync(
            $$"""{"allowed":false,"rule":"developers","reason":"no rule grants it; nearest is 'developers': {{_odd}}","route":"hub"}"""),
        _ => Missing(context),
    };

    private static Task Fail(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsync("""{"error":"the cluster cannot do this now"}""");
    }

    private static Task Missing(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return context.Response.WriteAsync("""{"error":"there is nothing here"}""");
    }

    private Summary Summary() => new(
        "9f2c41aa03be", Now, Now - TimeSpan.FromHours(1),
        [
            new Problem("critical", "upstream ghcr", "It fails: Connection refused (ghcr.example:443)", Now - TimeSpan.FromMinutes(7),
                "Look after what the reason names: name server, route, certificate, or the upstream's own status page.",
                "#/upstreams/ghcr"),
            new Problem("critical", "gateway gateway-2", "It is silent, and did not say that it ends.", Now - TimeSpan.FromSeconds(14),
                "Look at its supervisor and its log; the others go on without it.", "#/cluster"),
            new Problem(
                "warning", "tenant team-003", $"tenants/team-003.yaml has 1 error: 14: access[2].repositories: '{_odd}/***' is no pattern",
                Now - TimeSpan.FromMinutes(31), "Mend the file; its last good text stays in use until then.", "#/tenants/team-003"),
        ],
        1000, 200, new SummaryNumbers(812.4, 3.1, 0.4, 48_211, 3.2e12),
        [new RepositoryPulls("acme", "team-a/api", 9921), new RepositoryPulls("acme", "library/redis", 5021),
            new RepositoryPulls(_odd, _odd, 4)],
        [.. Enumerable.Range(0, 104).Select(i => new ProcessStatus(
            i < 100 ? "gateway" : "silo", i < 100 ? $"gateway-{i}" : $"silo-{i - 100}", "1.4.0", Now - TimeSpan.FromHours(30), "9f2c41aa03be",
            i == 2 ? 14 : 1))])
    {
        ConfigurationErrors =
            [.. Enumerable.Range(0, 12).Select(i => $"tenants/team-003.yaml:{14 + i}: access[{i}].repositories: {_odd}/***")],
    };

    private Task Tenants(HttpContext context)
    {
        var search = context.Request.Query["search"].ToString();
        var rows = Enumerable.Range(0, 1000).Select(i => SeededTenant.Row(i, _odd))
            .Where(row => row.Name.Contains(search, StringComparison.OrdinalIgnoreCase)).ToList();
        var isDescending = context.Request.Query["order"] == "desc";
        rows = context.Request.Query["sort"].ToString() switch
        {
            "refused" => [.. rows.OrderByDescending(row => row.LastHour.Refused)],
            "name" => isDescending ? [.. rows.OrderByDescending(row => row.Name, StringComparer.Ordinal)]
                : [.. rows.OrderBy(row => row.Name, StringComparer.Ordinal)],
            _ => rows,
        };
        context.Response.Headers["X-Total-Count"] = rows.Count.ToString(CultureInfo.InvariantCulture);
        var offset = int.TryParse(context.Request.Query["offset"].ToString(), CultureInfo.InvariantCulture, out var asked) ? asked : 0;
        return Write(context, [.. rows.Skip(offset).Take(50)], OperationsJson.Default.TenantRowArray);
    }

    private UpstreamStatus[] Upstreams() => [.. Enumerable.Range(0, 200).Select(i => new UpstreamStatus
    {
        Upstream = i switch { 0 => "hub", 1 => "ghcr", 2 => _odd, _ => $"mirror-{i:000}" },
        Credential = i % 3 == 0 ? "ecr" : "basic",
        Scheme = "bearer",
        Breaker = i == 1 ? "open" : "closed",
        Expires = Now + TimeSpan.FromMinutes(9),
        State = i is 1 or 17 ? "failing" : "healthy",
        FailingSince = i is 1 or 17 ? Now - TimeSpan.FromMinutes(7) : null,
        LastError = i is not (1 or 17) ? null
            : _odd == Hostile ? $"Connection refused {_odd}" : $"Connection refused ({(i == 1 ? "ghcr" : "mirror-017")}.example:443)",
        LastErrorAt = i is 1 or 17 ? Now : null,
        Account = i == 0 ? new UpstreamAccountStatus { Limit = 100, Remaining = 36 } : null,
    })];

    private static UpstreamActivity[] Activity() => [.. Enumerable.Range(3, 190).Select(i => new UpstreamActivity(
        $"mirror-{i:000}", new UpstreamNumbers(1, 0, 0, 0.1), new UpstreamNumbers(31 * (200 - i), i == 17 ? 88 : 0, i, 2.6 * (200 - i))))];

    private object Audit(IQueryCollection asked)
    {
        var tenant = asked["tenant"].ToString();
        var lines = Enumerable.Range(0, 60).Reverse().Where(i => asked["decision"].ToString() is not "deny" || i % 4 == 3);
        return new
        {
            completeSince = Now - TimeSpan.FromHours(2), gateways = 4, silent = 0, silos = 0, silentSilos = 0,
            lines = lines.Select(i => new Dictionary<string, object>
            {
                ["time"] = Now - TimeSpan.FromSeconds(3 * i), ["event"] = i % 4 == 3 ? "denied" : "pull", ["tenant"] = tenant,
                ["subject"] = i % 5 == 2 ? _odd : $"alice-of-{tenant}", ["client"] = $"10.0.3.{i % 9}", ["userAgent"] = _odd,
                ["repository"] = i % 2 == 0 ? "team-a/api" : "team-b/web", ["reference"] = $"v1.{i}",
                ["decision"] = i % 4 == 3 ? "deny" : "allow", ["rule"] = "developers", ["status"] = i % 4 == 3 ? 403 : 200,
            }),
        };
    }

    private static IReadOnlyList<CacheReport> Caches() => [.. Enumerable.Range(0, 100).Select(i => new CacheReport
    {
        Gateway = $"gateway-{i}:1", State = i == 2 ? "bypassed" : "ok", Objects = 48_211, Bytes = 41_000_000_000, MaxBytes = 50_000_000_000,
        Hits = 912_211, Misses = 21_000, Joined = 4100, SavedBytes = 9_100_000_000_000, Evicted = 3100,
    })];

    private Task Sessions(HttpContext context)
    {
        var search = context.Request.Query["search"].ToString();
        var all = Enumerable.Range(0, 200).Select(i => new SessionSummary(
            $"session-{i}", "staff", i == 2 ? _odd : $"user-{i}", true, Now, Now + TimeSpan.FromDays(3), $"10.0.4.{i}"))
            .Where(session => session.Subject.Contains(search, StringComparison.Ordinal)).ToList();
        context.Response.Headers["X-Total-Count"] = all.Count.ToString(CultureInfo.InvariantCulture);
        var offset = int.TryParse(context.Request.Query["offset"].ToString(), CultureInfo.InvariantCulture, out var asked) ? asked : 0;
        return Write(context, [.. all.Skip(offset).Take(25)], AdminJson.Default.IReadOnlyListSessionSummary);
    }

    private static Task Write<T>(HttpContext context, T value, JsonTypeInfo<T> type) => context.Response.WriteAsJsonAsync(value, type);
}
