using RegistryProxy.Configuration.Reading;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Configuration;

/// <summary>One mistake is one error: what names a thing whose definition is wrong is not wrong for that.</summary>
public sealed class CascadeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public CascadeTests() => _folder.Write("htpasswd", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("type: htpasswd", "type: htpaswd", "authenticators.staff.type")]
    [InlineData("{ url: \"https://registry.example\" }", "https://registry.example", "upstreams.hub")]
    public void A_definition_that_is_wrong_is_not_said_to_be_missing(string good, string wrong, string field)
    {
        var errors = Read(good, wrong);
        Assert.Equal(field, Assert.Single(errors).Field);
    }

    [Fact]
    public void Where_there_is_nothing_that_is_said()
    {
        var errors = Read("upstreams:", "upstream:");
        Assert.Equal(["upstream", "tenants.acme.routes[0].upstream"], errors.Select(error => error.Field));
        Assert.Equal("there is no upstream 'hub'; known: none", errors[1].Message);
    }

    private IReadOnlyList<ConfigurationError> Read(string good, string wrong) => ConfigurationFile.Read(_folder.Write("config.yaml", """
        upstreams: { hub: { url: "https://registry.example" } }
        authenticators: { staff: { type: htpasswd, file: htpasswd, groups: { dev: [alice] } } }
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [staff]
            routes: [ { prefix: "", upstream: hub } ]
            access: [ { name: devs, who: ["group:dev", "user:alice"], repositories: ["**"], actions: [pull] } ]
        """.Replace(good, wrong))).Errors;
}
