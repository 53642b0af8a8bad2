using System.Text.Json;
using System.Text.RegularExpressions;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Tests.Support.Kubernetes;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Deploy;

/// <summary>The schema of the chart knows the keys of the configuration that the reader of the configuration knows.</summary>
public sealed partial class ChartSchemaTests
{
    /// <summary>Every kind of map that has keys of its own, with one that none has.</summary>
    private const string Odd = """
        tokens: { zqx: 1 }
        egress: { zqx: 1 }
        audit: { zqx: 1 }
        upstreams:
          u: { zqx: 1, url: "https://a.example", proxy: { zqx: 1 }, tls: { zqx: 1 } }
          anonymous: { url: "https://a.example", credentials: { type: anonymous, zqx: 1 } }
          basic: { url: "https://a.example", credentials: { type: basic, zqx: 1 } }
          bearer: { url: "https://a.example", credentials: { type: bearer, zqx: 1 } }
          google: { url: "https://a.example", credentials: { type: google, zqx: 1 } }
          ecr: { url: "https://a.example", credentials: { type: ecr, zqx: 1 } }
          acr: { url: "https://a.example", credentials: { type: acr, zqx: 1 } }
          dockerConfig: { url: "https://a.example", credentials: { type: dockerConfig, zqx: 1 } }
          exec: { url: "https://a.example", credentials: { type: exec, zqx: 1 } }
          unknown: { url: "https://a.example", credentials: { type: zqx } }
        authenticators:
          htpasswd: { type: htpasswd, zqx: 1 }
          ldap: { type: ldap, zqx: 1 }
          oidc: { type: oidc, zqx: 1 }
          kubernetes: { type: kubernetes, zqx: 1 }
          gcp-identity: { type: gcp-identity, zqx: 1 }
          aws-sts: { type: aws-sts, zqx: 1 }
          aws-iid: { type: aws-iid, zqx: 1 }
          azure-attested: { type: azure-attested, zqx: 1 }
          grpc: { type: grpc, zqx: 1 }
          unknown: { type: zqx }
        tenants:
          t:
            { zqx: 1, hosts: [a], routes: [{ zqx: 1 }], access: [{ zqx: 1 }], limits: { zqx: 1, perIdentity: { zqx: 1 } }, mayUse: { zqx: 1 } }
        zqx: 1
        """;

    /// <summary>Sections that the chart writes itself, by values of their own.</summary>
    private static readonly string[] OfTheChart = ["admin", "cache", "cluster", "listen", "revision", "state"];

    private static readonly JsonElement Schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(Manifests.Chart, "values.schema.json")))
        .RootElement.GetProperty("properties").GetProperty("config");

    [Fact]
    public void Each_map_has_the_keys_that_the_reader_takes()
    {
        using var folder = new TemporaryFolder();
        var told = ConfigurationFile.Read(folder.Write("odd.yaml", Odd)).Errors.Select(error => error.ToString()).ToList();
        var keys = told.Select(error => UnknownKey().Match(error)).Where(match => match.Success)
            .ToDictionary(match => match.Groups["path"].Value, match => match.Groups["keys"].Value.Split(", "));
        Assert.True(keys.Count >= 29, string.Join(' ', keys.Keys));
        Assert.All(keys, map => Assert.Equal(map.Value.Order(), Keys(SchemaAt(map.Key)).Order()));
        Assert.All(new[] { ("upstreams.unknown.credentials.type", "upstreams.u.credentials"), ("authenticators.unknown.type", "authenticators.u") },
            place => Assert.Equal(
                OneOf().Match(told.Single(error => error.Contains(place.Item1))).Groups[1].Value.Split(", "),
                Types(place.Item2.Contains("credentials") ? Property(SchemaAt("upstreams.u"), "credentials") : Values("authenticators"))));
    }

    [Fact]
    public void The_configuration_has_every_section_that_the_chart_does_not_write_itself()
    {
        using var folder = new TemporaryFolder();
        var allowed = ConfigurationFile.Read(folder.Write("odd.yaml", Odd)).Errors.Select(error => UnknownSection().Match(error.ToString()))
            .Single(match => match.Success).Groups[1].Value.Split(", ");
        Assert.Equal(allowed.Except(OfTheChart).Order(), Keys(Schema).Order());
    }

    /// <summary>Types that say which other keys a map has.</summary>
    private static IEnumerable<string> Types(JsonElement schema) =>
        Property(schema, "type").GetProperty("enum").EnumerateArray().Select(type => type.GetString()!);

    private static IEnumerable<string> Keys(JsonElement schema) =>
        schema.GetProperty("properties").EnumerateObject().Select(property => property.Name);

    private static JsonElement Values(string section) => Property(Schema, section).GetProperty("additionalProperties");

    private static JsonElement Property(JsonElement schema, string name) => schema.GetProperty("properties").GetProperty(name);

    private static JsonElement SchemaAt(string path) => path.Split('.') switch
    {
        [var section] => Property(Schema, section),
        ["authenticators", var type] => OfType(Values("authenticators"), type),
        ["upstreams", var type, "credentials"] => OfType(Property(Values("upstreams"), "credentials"), type),
        [var section, _] => Values(section),
        ["upstreams", _, "proxy"] => Property(Values("upstreams"), "proxy").GetProperty("anyOf")[1],
        ["tenants", _, "routes[0]"] => Property(Values("tenants"), "routes").GetProperty("items"),
        ["tenants", _, "access[0]"] => Property(Values("tenants"), "access").GetProperty("items"),
        [var section, _, var inner] => Property(Values(section), inner),
        [var section, _, var inner, var last] => Property(Property(Values(section), inner), last),
        _ => throw new ArgumentException(path),
    };

    private static JsonElement OfType(JsonElement schema, string type) => schema.GetProperty("allOf").EnumerateArray()
        .Single(one => Property(one.GetProperty("if"), "type").GetProperty("const").GetString() == type).GetProperty("then");

    [GeneratedRegex(@": (?<path>\S+)\.zqx: unknown key; allowed here: (?<keys>.*)")]
    internal static partial Regex UnknownKey();

    [GeneratedRegex(": zqx: unknown key; allowed here: (.*)")]
    private static partial Regex UnknownSection();

    [GeneratedRegex("must be one of (.*?)(;|$)")]
    private static partial Regex OneOf();
}
