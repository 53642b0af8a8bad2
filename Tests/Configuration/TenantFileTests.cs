using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Configuration;

/// <summary>A tenant says in a file of its own what it may say, and no more.</summary>
public sealed class TenantFileTests : IDisposable
{
    private const string Good = """
        authenticators: [corp]
        routes: [ { prefix: "", upstream: hub } ]
        namespaces: { docker.io: "" }
        cors: ["https://ui.example"]
        access: [ { name: all, who: ["authenticator:corp"], repositories: ["**"], actions: [pull] } ]
        """;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void The_operator_gives_hosts_and_limits_and_the_file_the_rest()
    {
        var result = Read(Good);
        Assert.Empty(result.AllErrors);
        Assert.Empty(result.Warnings);
        var tenant = result.Snapshot!.Configuration.Tenants["acme"];
        Assert.Equal(["a.example"], tenant.Hosts);
        Assert.Equal(["corp"], tenant.Authenticators);
        Assert.Equal(["https://ui.example"], tenant.Cors);
        Assert.Equal(5, tenant.Limits!.RequestsPerSecond);
        Assert.Equal("all", tenant.Access[0].Name);
    }

    [Theory]
    [InlineData("upstream: hub", "upstream: secret")]
    [InlineData("upstream: hub", "upstream: [hub, secret]")]
    [InlineData("[corp]", "[corp, staff]")]
    [InlineData("authenticator:corp", "authenticator:staff")]
    public void What_mayUse_does_not_list_is_as_if_it_were_not_there(string good, string wrong)
    {
        var result = Read(Good.Replace(good, wrong));
        var fault = Assert.Single(result.Faults);
        Assert.Equal("tenant:acme", fault.Part);
        Assert.EndsWith("acme.yaml", fault.File);
        Assert.True(result.Snapshot!.Configuration.Tenants["acme"].IsUnusable);
        Assert.Equal(["a.example"], result.Snapshot.Configuration.Tenants["acme"].Hosts);
        Assert.False(result.Snapshot.Configuration.Tenants["other"].IsUnusable);
    }

    [Theory]
    [InlineData("hosts: [b.example]")]
    [InlineData("publicUrl: \"https://b.example\"")]
    [InlineData("limits: { requestsPerSecond: 1000 }")]
    [InlineData("mayUse: { upstreams: [secret] }")]
    [InlineData("file: other.yaml")]
    [InlineData("upstreams: { x: { url: \"https://x.example\" } }")]
    [InlineData("tenants: { other: { hosts: [b.example] } }")]
    [InlineData("listen: { data: \"http://0.0.0.0:1\" }")]
    [InlineData("include: [\"*.yaml\"]")]
    public void It_says_nothing_that_is_the_operators(string more)
    {
        var fault = Assert.Single(Read($"{Good}\n{more}").Faults);
        Assert.Contains("unknown key", Assert.Single(fault.Errors).Message);
    }

    [Theory]
    [InlineData("mayUse: { upstreams: [hub], authenticators: [corp] }", "mayUse: { upstreams: [nowhere] }", "there is no upstream 'nowhere'")]
    [InlineData("limits:", "routes: [ { prefix: \"\", upstream: hub } ], limits:", "must be in the tenant's file")]
    [InlineData("file: acme.yaml", "routes: [ { prefix: \"\", upstream: hub } ]", "is only for a tenant with a file of its own")]
    public void The_operators_part_says_the_operators_alone(string good, string wrong, string message) =>
        Assert.Contains(message, Assert.Single(Read(Good, good, wrong).Errors).Message);

    [Fact]
    public void Without_its_file_a_tenant_is_unusable_and_others_are_not()
    {
        var result = Read(null);
        Assert.Contains("there is no file", Assert.Single(Assert.Single(result.Faults).Errors).Message);
        Assert.True(result.Snapshot!.Configuration.Tenants["acme"].IsUnusable);
        Assert.False(result.Snapshot.Configuration.Tenants["other"].IsUnusable);
    }

    public void Dispose() => _folder.Dispose();

    private ConfigurationResult Read(string? file, string good = "file", string wrong = "file")
    {
        if (file is not null)
        {
            _folder.Write("acme.yaml", file);
        }

        return ConfigurationFile.Read(_folder.Write("config.yaml", """
            upstreams: { hub: { url: "https://hub.example" }, secret: { url: "https://secret.example" } }
            authenticators:
              corp: { type: aws-sts, accounts: ["123456789012"], serverId: x }
              staff: { type: aws-sts, accounts: ["123456789012"], serverId: y }
            tenants:
              acme: { hosts: [a.example], publicUrl: "https://a.example", mayUse: { upstreams: [hub], authenticators: [corp] }, limits: { requestsPerSecond: 5 }, file: acme.yaml }
              other: { hosts: [o.example], publicUrl: "https://o.example", routes: [ { prefix: "", upstream: secret } ], access: [ { name: a, who: [anonymous], repositories: ["**"], actions: [pull] } ] }
            """.Replace(good, wrong)));
    }
}
