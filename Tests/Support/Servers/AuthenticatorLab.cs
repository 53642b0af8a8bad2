using Microsoft.Extensions.Logging.Abstractions;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Network;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>Authenticators as a silo makes them from a configuration file, without the silo.</summary>
internal sealed class AuthenticatorLab : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly PasswordWork _work = new();
    private EgressProxies? _proxies;

    /// <summary>Writes a file beside the configuration.</summary>
    public string Write(string name, string text) => _folder.Write(name, text);

    public string PathOf(string name) => _folder.File(name);

    /// <summary>The errors of a configuration with this authenticator.</summary>
    public IEnumerable<string> Errors(string authenticator) => Read(authenticator).Errors.Select(error => error.ToString());

    /// <summary>Makes an authenticator of the YAML of its map.</summary>
    public IAuthenticator Create(string authenticator, TimeProvider? time = null, string top = "")
    {
        var result = Read(authenticator, top);
        Assert.True(result.Snapshot is not null, string.Join('\n', result.Errors));
        var (made, problem) = new AuthenticatorFactory(
            _work, null!, null!, Proxies(result.Snapshot), time ?? TimeProvider.System, NullLoggerFactory.Instance)
            .TryCreate(result.Snapshot.Configuration.Authenticators["it"]);
        return made ?? throw new InvalidOperationException(problem);
    }

    public void Dispose()
    {
        _proxies?.Dispose();
        _folder.Dispose();
    }

    private EgressProxies Proxies(ConfigurationSnapshot snapshot) =>
        _proxies ??= new EgressProxies(new FixedConfiguration(snapshot), TimeProvider.System, NullLogger<EgressProxies>.Instance);

    private ConfigurationResult Read(string authenticator, string top = "") => ConfigurationFile.Read(_folder.Write("config.yaml", $$"""
        {{top}}
        upstreams:
          up: { url: "https://registry.example" }
        authenticators:
          it: {{authenticator}}
        tenants:
          acme: { hosts: ["*"], authenticators: [it], routes: [{ prefix: "", upstream: up }] }
        """));
}
