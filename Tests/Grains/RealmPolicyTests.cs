using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Upstreams.TokenServices;

namespace RegistryProxy.Tests.Grains;

/// <summary>Where credentials may go, against spellings that try to look like it.</summary>
public sealed class RealmPolicyTests
{
    private static readonly UpstreamConfiguration Hub = ConfigurationFile.Parse("""
        upstreams:
          hub: { url: "https://registry-1.docker.io", realms: ["https://tokens.example/auth"] }
        tenants:
          acme: { hosts: ["*"], routes: [{ prefix: "", upstream: hub }] }
        """, "config.yaml").Snapshot!.Configuration.Upstreams["hub"];

    [Theory]
    [InlineData("https://auth.docker.io/token")]
    [InlineData("https://AUTH.docker.io/token")]
    [InlineData("https://auth.docker.io:443/token")]
    [InlineData("https://registry-1.docker.io/v2/token")]
    [InlineData("https://tokens.example/auth")]
    [InlineData("https://tokens.example/auth?x=y")]
    public void Its_own_the_well_known_and_the_configured_ones_are_allowed(string realm) => Assert.NotNull(RealmPolicy.Check(Hub, realm));

    [Fact]
    public void Nothing_that_looks_like_them_is()
    {
        string[] hosts =
        [
            "auth.docker.io.evil.example", "evilauth.docker.io", "auth.docker.io.", "auth-docker.io",
            "auth.docker.io%2eevil.example", "evil.example",
            "auth.docker.io:444", "auth.docker.io@evil.example", "user@auth.docker.io", "auth.docker.io\\evil.example", "127.0.0.1",
            "[::1]", "2130706433",
            "0x7f.1", "169.254.169.254", "[::ffff:169.254.169.254]", "metadata.google.internal", "tokens.example.", "tokens.example:8443",
            "xn--tokens.example",
            "аuth.docker.io", "auth.docker.io#", "localhost", "0", "auth。docker。io",
        ];
        string[] paths = ["/token", "/auth", "/", "/token/../token", "//token", "/Token", "/token%00", "/token;x", "/tokens",
            "/token\r\nHost: x", "/token x", "/v2/"];
        string[] schemes = ["https://", "http://", "HTTPS:", "ftp://", "//", "file://", "javascript:", "https:\\\\"];
        var hostile = schemes.SelectMany(scheme => hosts.SelectMany(host => paths.Select(path => scheme + host + path)))
            .Concat(["", " ", "/token", "token", "https://", "https:///token", "http://auth.docker.io/token",
                "http://registry-1.docker.io/token", "https://auth.docker.io/token#x"])
            .ToList();
        Assert.True(hostile.Count > 300);
        Assert.All(hostile, realm => Assert.Null(RealmPolicy.Check(Hub, realm)));
        Assert.Null(RealmPolicy.Check(Hub, null));
    }
}
