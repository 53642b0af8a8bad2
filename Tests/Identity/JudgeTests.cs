using System.Net;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Identity;

/// <summary>Of a login that fails, the metrics say which authenticator decided, or could not; nothing else does.</summary>
public sealed class JudgeTests
{
    [Fact]
    public async Task The_metric_of_logins_names_who_decided()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.Start(Yaml(upstream.Url));
        await Try(door, "alice", "wrong", HttpStatusCode.Unauthorized);
        await Try(door, "_ci", "no token at all", HttpStatusCode.Unauthorized);
        await Try(door, "robot$nobody", "wrong", HttpStatusCode.Unauthorized);
        await Try(door, "_elsewhere", "x", HttpStatusCode.Unauthorized);
        await Try(door, "nobody", "wrong", HttpStatusCode.ServiceUnavailable);
        Assert.Equal(1, await Count(door, "staff", "rejected"));
        Assert.Equal(1, await Count(door, "ci", "rejected"));
        Assert.Equal(1, await Count(door, "robot", "rejected"));
        Assert.Equal(1, await Count(door, "", "rejected"));
        Assert.Equal(1, await Count(door, "corp", "undecided"));
        using (var alice = door.Client("alice"))
        {
            await alice.Token(RegistryClient.Pull("a/b"));
        }

        await Eventually.True(async () => await Count(door, "staff", "granted") == 1, "the login is counted");
        Assert.DoesNotContain("\"authenticator\":\"corp\"", door.Log);
    }

    private static async Task Try(FrontDoor door, string user, string password, HttpStatusCode status)
    {
        using var client = new RegistryClient(door.DataUrl, user, password);
        using var response = await client.RequestToken([RegistryClient.Pull("a/b")]);
        Assert.Equal(status, response.StatusCode);
    }

    private static Task<double> Count(FrontDoor door, string authenticator, string result) =>
        door.Metric("registryproxy_gateway_logins_total", $"authenticator=\"{authenticator}\",result=\"{result}\"");

    /// <summary>The directory cannot be reached: nobody listens there.</summary>
    private static string Yaml(string upstream) => $$"""
        upstreams: { local: { url: "{{upstream}}", allowPrivate: true } }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
          corp:
            { type: ldap, url: "ldap://127.0.0.1:{{FreePort.Next()}}", allowPlaintext: true, bindDn: "cn=a", bindPassword: { value: b }, baseDn: "dc=corp" }
          more: { type: htpasswd, file: htpasswd }
          ci: { type: oidc, issuer: "https://ci.example", audience: door, require: { a: b } }
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [staff, corp, more, ci]
            routes: [ { prefix: "", upstream: local } ]
            access: [ { name: all, who: [authenticated], repositories: ["**"], actions: [pull] } ]
        """;
}
