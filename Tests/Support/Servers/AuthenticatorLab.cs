using Microsoft.Extensions.Logging.Abstractions;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
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
    private FixedConfiguration? _feed;
    private LastingSecrets? _secrets;

    /// <summary>Writes a file beside the configuration.</summary>
    public string Write(string name, string text) => _folder.Write(name, text);

    public string PathOf(string name) => _folder.File(name);

    /// <summary>The errors of a configuration with this authenticator.</summary>
    public IEnumerable<string> Errors(string authenticator) => Read(authenticator).Errors.Select(error => error.ToString());

    /// <summary>Makes an authenticator of the YAML of its map.</summary>
    public IAuthenticator Create(string authenticator, TimeProvider? time = null, string top = "", bool keepsSecrets = false)
    {
        var snapshot = Good(authenticator, top);
        _secrets = keepsSecrets ? new LastingSecrets(
            new FixedConfiguration(snapshot), TimeProvider.System, NullLogger<LastingSecrets>.Instance) : null;
        var (made, problem) = new AuthenticatorFactory(
            _work, null!, null!, Proxies(snapshot), time ?? TimeProvider.System, NullLoggerFactory.Instance)
            { Secrets = _secrets }
            .TryCreate(snapshot.Configuration.Authenticators["it"]);
        return made ?? throw new InvalidOperationException(problem);
    }

    /// <summary>The directory of a silo whose only authenticator this is.</summary>
    public AuthenticatorDirectory Directory(string authenticator, TimeProvider time)
    {
        var snapshot = Good(authenticator);
        _feed = new FixedConfiguration(snapshot);
        var factory = new AuthenticatorFactory(_work, null!, null!, Proxies(snapshot), time, NullLoggerFactory.Instance);
        return new AuthenticatorDirectory(_feed, factory, time, NullLogger<AuthenticatorDirectory>.Instance);
    }

    /// <summary>Reloads the configuration of the directory.</summary>
    public void Replace(string authenticator) => _feed!.Replace(Good(authenticator));

    public void Dispose()
    {
        _proxies?.Dispose();
        _secrets?.Dispose();
        _folder.Dispose();
    }

    private EgressProxies Proxies(ConfigurationSnapshot snapshot) =>
        _proxies ??= new EgressProxies(new FixedConfiguration(snapshot), TimeProvider.System, NullLogger<EgressProxies>.Instance);

    private ConfigurationSnapshot Good(string authenticator, string top = "")
    {
        var result = Read(authenticator, top);
        Assert.True(result.Snapshot is not null, string.Join('\n', result.Errors));
        return result.Snapshot;
    }

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
