using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Configuration;

/// <summary>Who administers a tenant is the operator's word, by the operator's authenticators.</summary>
public sealed class AdministratorTests : IDisposable
{
    private const string Part = "routes: [ { prefix: \"\", upstream: hub } ]\n";

    private readonly TemporaryFolder _folder = new();

    public AdministratorTests() =>
        _folder.Write("users", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");

    [Theory]
    [InlineData("group:corp/admins", AccessSubjectKind.Group, "corp", "admins")]
    [InlineData("user:corp/alice", AccessSubjectKind.User, "corp", "alice")]
    [InlineData("subject:sso/*", AccessSubjectKind.Subject, "sso", "*")]
    [InlineData("authenticator:sso", AccessSubjectKind.Authenticator, "sso", "")]
    public void They_are_named_by_an_authenticator_of_people(string entry, AccessSubjectKind kind, string authenticator, string glob)
    {
        var result = Read(entry, Part);
        Assert.Empty(result.AllErrors);
        var tenant = result.Snapshot!.Configuration.Tenants["acme"];
        Assert.Equal([new AccessSubject(kind, authenticator, glob)], tenant.Administrators);
        Assert.Equal([authenticator], tenant.SessionAuthenticators);
        Assert.True(tenant.IsForAdministratorsAlone(authenticator));
        Assert.False(tenant.IsForAdministratorsAlone("other"));
        Assert.Empty(tenant.Authenticators);
    }

    [Theory]
    [InlineData("anonymous", "does not identify administrators")]
    [InlineData("authenticated", "does not identify administrators")]
    [InlineData("robot:*", "does not identify administrators")]
    [InlineData("group:admins", "")]
    [InlineData("user:alice", "")]
    [InlineData("authenticator:nodes", "proves machines")]
    [InlineData("subject:nodes/*", "proves machines")]
    [InlineData("authenticator:own", "is not an authenticator")]
    [InlineData("subject:own/alice", "is not an authenticator")]
    [InlineData("user:own/alice", "")]
    [InlineData("user:acme/own/alice", "")]
    [InlineData("subject:acme/own", "is not an authenticator")]
    [InlineData("nonsense", "must be anonymous")]
    public void Whoever_else_is_named_is_an_error_of_the_operators_file(string entry, string saying)
    {
        var own = Part + "define: { authenticators: { own: { type: oidc, issuer: \"https://own.example\", audience: x, allowAnySubject: true } } }";
        var error = Assert.Single(Read(entry, own).Errors, error => error.Field.StartsWith("tenants.acme.administrators"));
        Assert.Contains(saying, error.Message);
        Assert.Equal(7, error.Line);
    }

    [Fact]
    public void A_part_defines_nothing_by_their_name_and_names_no_administrators()
    {
        var define = "define: { authenticators: { corp: { type: oidc, issuer: \"https://own.example\", audience: x, allowAnySubject: true } } }";
        var error = Assert.Single(Assert.Single(Read("group:corp/admins", Part + define).Faults).Errors);
        Assert.Contains("administrators prove who they are", error.Message);
        Assert.Equal("define.authenticators.corp", error.Field);
        Assert.Empty(Read("group:sso/admins", Part + define).AllErrors);
        Assert.Contains("unknown key", Assert.Single(
            Assert.Single(Read("group:corp/admins", Part + "administrators: [\"group:corp/x\"]").Faults).Errors).Message);
    }

    [Fact]
    public void What_was_good_is_read_again_when_its_name_becomes_an_administrators()
    {
        var define = "define: { authenticators: { corp: { type: oidc, issuer: \"https://own.example\", audience: x, allowAnySubject: true } } }";
        var files = new ConfigurationFiles(Write("group:sso/admins", Part + define));
        Assert.Empty(files.Read().AllErrors);
        Write("group:corp/admins", Part + define);
        Assert.True(files.Look(TimeProvider.System));
        var result = files.Read();
        Assert.Contains(Assert.Single(result.Faults).Errors, error => error.Message.Contains("administrators prove"));
        Assert.True(result.Snapshot!.Configuration.Tenants["acme"].IsUnusable);
        Assert.DoesNotContain("acme/corp", result.Snapshot.Configuration.Authenticators.Keys);
    }

    public void Dispose() => _folder.Dispose();

    private ConfigurationResult Read(string entry, string part) => ConfigurationFile.Read(Write(entry, part));

    private string Write(string entry, string part)
    {
        _folder.Write("acme.yaml", part);
        return _folder.Write("config.yaml", $$"""
            upstreams: { hub: { url: "https://hub.example" } }
            authenticators:
              corp: { type: htpasswd, file: users, groups: { admins: [] } }
              more: { type: htpasswd, file: users }
              sso: { type: oidc, issuer: "https://sso.example", audience: x, allowAnySubject: true }
              nodes: { type: aws-sts, accounts: ["123456789012"], serverId: x }
            tenants: { acme: { hosts: [a.example], publicUrl: "https://a.example", mayUse: { upstreams: [hub] }, administrators: ["{{entry}}"], file: acme.yaml } }
            """);
    }
}
