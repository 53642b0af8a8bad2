using System.Net;
using System.Net.Sockets;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Ldap;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Identity.Directories;

/// <summary>Users of a real directory.</summary>
public sealed class LdapTests(Lab lab) : IDisposable
{
    private const string Reader = $"bindDn: \"{Slapd.Admin}\", bindPassword: {{ value: {Slapd.AdminPassword} }}";
    private const string Groups = "groupBaseDn: \"ou=groups,dc=example\"";
    private const string Search = $"{Reader}, baseDn: \"ou=people,dc=example\", {Groups}";
    private const string Direct = $"userDn: \"uid={{0}},ou=people,dc=example\", {Groups}";

    private readonly AuthenticatorLab _authenticators = new();

    public void Dispose() => _authenticators.Dispose();

    [Theory]
    [InlineData("ldaps", Search, true)]
    [InlineData("ldaps", Direct, true)]
    [InlineData("ldaps", $"{Reader}, {Direct}", true)]
    [InlineData("starttls", Search, true)]
    [InlineData("plain", Search, true)]
    [InlineData("ldaps", Search, false)]
    [InlineData("starttls", Search, false)]
    public async Task The_right_password_proves_an_identity_with_its_groups_over_every_transport(
        string transport, string find, bool trusted)
    {
        var authenticator = await Create(transport, find, trusted);
        var right = await Verify(authenticator, "erin", Slapd.PasswordOf("erin"));
        if (!trusted)
        {
            Assert.Equal(VerdictKind.Unavailable, right.Kind);
            return;
        }

        Assert.Equal(("it", "erin", "uid=erin,ou=people,dc=example"),
            (right.Identity!.Authenticator, right.Identity.Subject, right.Identity.Claims["dn"]));
        Assert.Equal(["all", "ops"], right.Identity.Groups);
        Assert.Equal(VerdictKind.Refused, (await Verify(authenticator, "erin", "wrong")).Kind);
        Assert.Equal(find == Direct ? VerdictKind.Refused : VerdictKind.Unknown, (await Verify(authenticator, "nobody", "wrong")).Kind);
        var again = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Verify(authenticator, "frank", Slapd.PasswordOf("frank"))));
        Assert.All(again, verdict => Assert.Equal(["all"], verdict.Identity!.Groups));
    }

    [Fact]
    public async Task Case_does_not_make_another_user() =>
        Assert.Equal("erin", (await Verify(await Create("ldaps", Search), "ERIN", Slapd.PasswordOf("erin"))).Identity!.Subject);

    [Theory]
    [InlineData(Search)]
    [InlineData(Direct)]
    public async Task Nothing_but_a_name_is_a_name_and_an_empty_password_proves_nothing(string find)
    {
        var authenticator = await Create("ldaps", find);
        string[] parts = ["*", "erin*", "*)(uid=*", "erin)(uid=erin", "*)(|(uid=*", "erin,ou=people", "erin,ou=people,dc=example",
            "erin+cn=Erin", "\\2a", "erin\\00", "erin\0", ")", "(", "&", "|", "!", "#erin", " erin", "erin ", "\"erin\"", "erin;", "<erin>",
            "=", "uid=erin", "erin\n", "é", "𝕖", "../erin", "%2a"];
        var names = parts.Concat(parts.SelectMany(one => parts.Select(other => one + other))).Take(300).ToList();
        foreach (var name in names)
        {
            Assert.Null((await Verify(authenticator, name, Slapd.PasswordOf("erin"))).Identity);
        }

        foreach (var password in new[] { "", "\0", "\0erin-canary-password" })
        {
            Assert.Null((await Verify(authenticator, "erin", password)).Identity);
        }
    }

    [Fact]
    public async Task A_silent_or_dead_directory_is_unavailable_soon()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        foreach (var port in new[] { ((IPEndPoint)silent.LocalEndpoint).Port, Support.Processes.FreePort.Next() })
        {
            var authenticator = (IPasswordAuthenticator)_authenticators.Create(
                $"{{ type: ldap, url: \"ldap://127.0.0.1:{port}\", allowPlaintext: true, {Search} }}");
            var watch = System.Diagnostics.Stopwatch.StartNew();
            Assert.Equal(VerdictKind.Unavailable, (await Verify(authenticator, "erin", "x")).Kind);
            Assert.InRange(watch.Elapsed, TimeSpan.Zero, 5 * LdapPool.Timeout);
        }
    }

    [Fact]
    public async Task A_wrong_reader_is_unavailable_and_not_a_wrong_password()
    {
        var directory = await lab.Directory;
        var authenticator = (IPasswordAuthenticator)_authenticators.Create(
            $"{{ type: ldap, url: \"ldaps://127.0.0.1:{directory.TlsPort}\", ca: {directory.Ca}, bindDn: " +
            $"\"{Slapd.Admin}\", bindPassword: {{ value: wrong }}, baseDn: \"dc=example\" }}");
        Assert.Equal(VerdictKind.Unavailable, (await Verify(authenticator, "erin", Slapd.PasswordOf("erin"))).Kind);
    }

    [Theory]
    [InlineData("{ type: ldap, url: \"ldap://127.0.0.1\", baseDn: x }", "allowPlaintext")]
    [InlineData("{ type: ldap, url: \"ldaps://127.0.0.1\", startTls: true, baseDn: x }", "startTls")]
    [InlineData("{ type: ldap, url: \"ldaps://127.0.0.1\" }", "baseDn")]
    [InlineData("{ type: ldap, url: \"ldaps://127.0.0.1\", baseDn: x, userFilter: \"(uid=x)\" }", "userFilter")]
    [InlineData("{ type: ldap, url: \"ldaps://127.0.0.1\", baseDn: x, bindDn: y }", "bindPassword")]
    [InlineData("{ type: ldap, url: \"https://127.0.0.1\", baseDn: x }", "ldaps://host:port")]
    [InlineData("{ type: ldap, url: \"ldaps://127.0.0.1\", baseDn: x, ca: nowhere.crt }", "ca")]
    public void A_bad_configuration_says_what_is_wrong(string yaml, string saying) =>
        Assert.Contains(_authenticators.Errors(yaml), error => error.Contains(saying, StringComparison.Ordinal));

    private async Task<IPasswordAuthenticator> Create(string transport, string find, bool trusted = true)
    {
        var directory = await lab.Directory;
        var url = transport == "ldaps" ? $"ldaps://127.0.0.1:{directory.TlsPort}" : $"ldap://127.0.0.1:{directory.Port}";
        var protection = transport switch { "ldaps" => "", "starttls" => ", startTls: true", _ => ", allowPlaintext: true" };
        var ca = trusted ? $", ca: {directory.Ca}" : "";
        return (IPasswordAuthenticator)_authenticators.Create($"{{ type: ldap, url: \"{url}\"{protection}{ca}, {find} }}");
    }

    private static async Task<Verdict> Verify(IPasswordAuthenticator authenticator, string user, string password) =>
        await authenticator.Verify(user, new Secret(password), default, TestContext.Current.CancellationToken);
}
