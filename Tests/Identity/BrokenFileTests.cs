using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Identity;

/// <summary>Files of authenticators that are replaced while they are in use.</summary>
public sealed class BrokenFileTests : IDisposable
{
    private const string Users = "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n";
    private const string Keys =
        """{"keys":[{"kty":"EC","crv":"P-256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}""";

    private readonly TemporaryFolder _folder = new();
    private readonly PasswordWork _work = new();
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());

    [Theory]
    [InlineData("htpasswd", Users)]
    [InlineData("keys.json", Keys)]
    public async Task A_broken_file_leaves_the_last_good_one_in_use(string name, string good)
    {
        _folder.Write("htpasswd", Users);
        _folder.Write("keys.json", Keys);
        var configuration = ConfigurationFile.Read(_folder.Write("config.yaml", """
            upstreams: { up: { url: "https://registry.example" } }
            authenticators:
              staff: { type: htpasswd, file: htpasswd }
              ci: { type: oidc, issuer: "https://ci.example", audience: door, require: { a: b }, jwks: { file: keys.json } }
            tenants: { acme: { hosts: ["*"], authenticators: [staff, ci], routes: [ { prefix: "", upstream: up } ] } }
            """));
        Assert.Empty(configuration.Errors);
        using var directory = new AuthenticatorDirectory(
            new FixedConfiguration(configuration.Snapshot!), new AuthenticatorFactory(
                _work, null!, null!, null!, _time, NullLoggerFactory.Instance), _time,
            NullLogger<AuthenticatorDirectory>.Instance);
        var path = _folder.File(name);
        var (version, tenant) = (directory.Running.Version, configuration.Snapshot!.Configuration.Tenants["acme"]);
        (string, IAuthenticator)[] first = [.. directory.Of(tenant)];
        Assert.Equal(2, first.Length);

        Action[] broken =
        [
            () => File.WriteAllText(path, good[..(good.Length / 2)]),
            () => File.WriteAllText(path, ""),
            () => File.WriteAllBytes(path, [0xFF, 0x00, 0x80]),
            () => File.WriteAllText(path, new string('x', 9 * 1024 * 1024)),
            () => Replace(path, () => File.CreateSymbolicLink(path, path)),
            () => Replace(path, () => Directory.CreateDirectory(path)),
        ];
        foreach (var damage in broken)
        {
            damage();
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(version, directory.Running.Version);
            Assert.Equal(first, directory.Of(tenant));
        }

        Directory.Delete(path);
        (await Shell.Run("mkfifo", [path])).ShouldSucceed();
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(version, directory.Running.Version);
        File.Delete(path);
        _folder.Write(name, good + "\n");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotEqual(version, directory.Running.Version);
        Assert.Equal(2, directory.Of(tenant).Count());
    }

    public void Dispose() => _folder.Dispose();

    private static void Replace(string path, Action make)
    {
        File.Delete(path);
        make();
    }
}
