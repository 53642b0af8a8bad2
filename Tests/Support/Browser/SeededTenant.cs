using RegistryProxy.Configuration;
using RegistryProxy.Grains.Administration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Silo.Admin.Operations;

namespace RegistryProxy.Tests.Support.Browser;

/// <summary>Tenants of <see cref="SeededSilo"/>.</summary>
internal static class SeededTenant
{
    private static readonly string[] Numbers = ["requests", "refused", "errors", "pulls", "sent", "received"];

    public static TenantRow Row(int i, string odd)
    {
        var requests = i < 700 ? (1000 - i) * 7.3 : 0;
        var name = i switch { 0 => "acme", 5 => odd, _ => $"team-{i:000}" };
        var hour = new TenantNumbers(requests, requests / 25, i == 1 ? 4000 : 0, requests / 3, requests * 3e6, requests * 4e4);
        return new TenantRow(name, [$"{name}.registry.example"], i != 9, i is 3 or 9 ? 2 : 0, hour, hour)
        {
            Requests = [.. Enumerable.Range(0, 30).Select(point => requests / 30 * (1 + Math.Sin((i + point) / 3.0)))],
        };
    }

    public static TenantPage Page(string name, DateTimeOffset now, string odd) => new(
        Row(0, odd) with { Name = Uri.UnescapeDataString(name) }, new Uri("https://docker.acme.example"),
        name == "team-003" ? [$"tenants/team-003.yaml:14: access[2].actions: {odd}"] : [],
        Part(Uri.UnescapeDataString(name) == "team-001" ? "managed" : "file", odd),
        [
            new LimitView("requestsPerSecond", 500, 211), new LimitView("bytesPerSecond", 524_288_000, 5e8),
            new LimitView("concurrentStreams", 200, 31), new LimitView("perIdentity.requestsPerSecond", 50, null),
        ],
        [new ReasonCount("rule", 212), new ReasonCount("login", 31), new ReasonCount("limit", 4)],
        [new RepositoryPulls("acme", "team-a/api", 9921), new RepositoryPulls("acme", odd, 4)],
        now - TimeSpan.FromHours(7), History(name, Numbers, now));

    private static TenantPart Part(string keeper, string odd) => new(
        keeper, ["staff", "corp", "acme/own"],
        [new RouteView("", ["hub"], "acme-project", true), new RouteView("ghcr", ["ghcr", "hub"], "", false)],
        [
            new RuleView("public", ["anonymous"], new Dictionary<string, IReadOnlyList<string>>(), ["public/**"], ["pull"]),
            new RuleView(
                "developers", ["group:staff/dev"], new Dictionary<string, IReadOnlyList<string>> { ["region"] = ["eu-*"] }, ["team-a/**"],
                ["pull", "push"]),
        ],
        new Dictionary<string, string> { ["docker.io"] = "", ["ghcr.io"] = "ghcr" },
        new Dictionary<string, string> { ["acme/own"] = "htpasswd", [$"acme/{odd}"] = "upstream" }, new SharedUse(["hub"], ["corp"]),
        ["group:corp/acme-registry", $"user:corp/{odd}"]);

    public static HourOfActivity History(string name, IReadOnlyList<string> numbers, DateTimeOffset now) => new(
        name, now - TimeSpan.FromHours(1), now, 60, numbers.ToDictionary(number => number, number => (IReadOnlyList<double>)
        [
            .. Enumerable.Range(0, 60).Select(point => number switch
            {
                "errors" or "failures" => point is > 40 and < 45 ? 900 : 0,
                "refused" => 400 + (90 * Math.Sin(point)),
                "sent" => 8e9 * (1.4 + Math.Sin(point / 7.0) + (0.2 * Math.Sin(point * 3))),
                "received" => 9e8 * (1.2 + Math.Cos(point / 9.0)),
                "seconds" => 900 * (1.5 + Math.Sin(point / 5.0)),
                _ => 12_000 * (1.4 + Math.Sin(point / 7.0) + (0.2 * Math.Sin(point * 2))),
            }),
        ]));
}
