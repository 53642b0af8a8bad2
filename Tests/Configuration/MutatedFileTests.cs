using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Authenticators;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Tests.Documents;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Running;

namespace RegistryProxy.Tests.Configuration;

/// <summary>A file with errors changes nothing, whatever its bytes are.</summary>
[Campaign]
public sealed class MutatedFileTests : IDisposable
{
    private const string Everything = """
        revision: 7
        listen: { data: "http://127.0.0.1:0", admin: "http://127.0.0.1:0", trustedProxies: ["10.0.0.0/8", "::1/128"], proxyProtocol: true }
        admin: { token: { value: "canary" } }
        audit: { file: audit.log, maxBytes: 1MiB, keep: 3 }
        cache: { path: cache, maxBytes: 1GiB }
        state: { provider: file, path: state, encryptionKeys: [ { id: k1, key: { value: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" } } ] }
        authenticators:
          people: { type: oidc, issuer: "https://login.example.com", audience: door, require: { hd: acme.example }, groupsClaim: groups }
          directory: { type: ldap, url: "ldaps://ldap.example.com", bindDn: "cn=door", bindPassword: { env: BIND }, userBase: "ou=people", userFilter: "(&(uid={0})(!(locked=1)))" }
          pods: { type: kubernetes, issuer: "https://k8s.example.com", audience: door, jwks: "https://k8s.example.com/keys" }
        """ + "\n" + "upstreams:\n  ecr: { url: \"https://123456789012.dkr.ecr.eu-west-1.amazonaws.com\", credentials: { type: ecr } }\n";

    private readonly TemporaryFolder _folder = new();

    public MutatedFileTests() => _folder.Write("htpasswd", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");

    [Fact]
    public void A_configuration_with_errors_changes_nothing()
    {
        using var faults = new FaultCount();
        var (files, escapes, refused, slowest) = (0, 0, 0, TimeSpan.Zero);
        foreach (var text in new[] { Readme(), ConfigurationFileTests.Good, Everything + ConfigurationFileTests.Good })
        {
            var path = _folder.Write("config.yaml", ConfigurationFileTests.Good);
            var time = new FakeTimeProvider();
            using var watcher = new ConfigurationWatcher(path, ConfigurationFile.Read(path).Snapshot!, time);
            var mutations = new Mutations(Encoding.UTF8.GetBytes(text), text.Length);
            for (var i = 0; i < Sizes.Of(1000, 33_334); i++, files++)
            {
                var (content, before) = (mutations.Next(), watcher.Current);
                File.WriteAllBytes(path, content);
                var began = Stopwatch.GetTimestamp();
                time.Advance(TimeSpan.FromMilliseconds(500));
                slowest = Stopwatch.GetElapsedTime(began) is var took && took > slowest ? took : slowest;
                escapes += watcher.LastErrors.Any(error => error.Message.Contains("Exception)")) ? 1 : 0;
                refused += watcher.LastErrors.Count > 0 ? 1 : 0;
                Check(watcher, before, path, content);
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{files} files, {refused} with errors, {escapes} values that no reader expected, {faults.Count} faults, " +
            $"slowest {slowest.TotalMilliseconds:F0} ms");
        Assert.Equal((0, 0), (escapes, faults.Count));
        Assert.True(refused > files / 2);
    }

    [Fact]
    public void Settings_of_the_agent_with_errors_are_told_in_words()
    {
        var text = DocumentBlock.Of("docs/nodeagent.md", "listen: unix:").Text.Replace("ca: ca.crt", "ca: null");
        var mutations = new Mutations(Encoding.UTF8.GetBytes(text), 7);
        for (var i = 0; i < Sizes.Of(2000, 50_000); i++)
        {
            File.WriteAllBytes(_folder.File("nodeagent.yaml"), mutations.Next());
            var (settings, errors) = SettingsFile.Read(_folder.File("nodeagent.yaml"));
            Assert.Equal(settings is null, errors.Count > 0);
            Assert.DoesNotContain(errors, error => error.Contains("Exception)"));
        }
    }

    [Fact]
    public void Files_that_are_read_again_fail_in_words()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var certificate = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=a", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100)).ExportCertificatePem();
        var keyFile = _folder.Write("good.key", key.ExportPkcs8PrivateKeyPem());
        var htpasswd = File.ReadAllBytes(_folder.File("htpasswd"));
        (byte[] Text, Action<string> Read)[] readers =
        [
            (htpasswd, path => HtpasswdFile.TryRead(path, out _, out _)),
            (Encoding.ASCII.GetBytes(certificate), path => CertificateFiles.Load(path)),
            (Encoding.ASCII.GetBytes(certificate), path => CertificatePair.Load(path, keyFile)),
            (File.ReadAllBytes(keyFile), path => CertificatePair.Load(_folder.Write("good.crt", certificate), path)),
            (File.ReadAllBytes(keyFile), path => new FileSecret(path).Read()),
            (Encoding.ASCII.GetBytes(new string('a', 64)), path => new EncryptionKeyConfiguration("k", new FileSecret(path)).Read()),
            ("""{"auths":{"a.example":{"auth":"YTpi"},"b.example":{"identitytoken":"x"}},"credHelpers":{"c.example":"x"},"credsStore":"y"}"""u8.ToArray(),
                path => RegistryProxy.Grains.Upstreams.Credentials.DockerConfig.Read(
                    new DockerConfigCredentials(path, null), new Uri("https://a.example"))),
        ];
        foreach (var (text, read) in readers)
        {
            var mutations = new Mutations(text, 1);
            for (var i = 0; i < Sizes.Of(300, 10_000); i++)
            {
                File.WriteAllBytes(_folder.File("file"), mutations.Next());
                var fault = Record.Exception(() => read(_folder.File("file")));
                Assert.True(fault is null or IOException or CryptographicException or SecretUnavailableException, $"{fault}");
            }
        }
    }

    public void Dispose() => _folder.Dispose();

    private static void Check(ConfigurationWatcher watcher, ConfigurationSnapshot before, string path, byte[] content)
    {
        if (watcher.LastErrors.Count > 0)
        {
            Assert.Same(before, watcher.Current);
            Assert.All(watcher.LastErrors, error => Assert.True(error.Line >= 1 && error.Message.Length > 0 && error.File == path));
        }
        else
        {
            Assert.Equal(Encoding.UTF8.GetString(content).TrimStart('\uFEFF'), watcher.Current.Text!.Reveal());
        }
    }

    private static string Readme() => DocumentBlock.Of("README.md", "# config.yaml").Text;

    /// <summary>Faults that reached a guard.</summary>
    private sealed class FaultCount : IDisposable
    {
        private readonly MeterListener _listener = new();
        private int _count;

        public FaultCount()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == BackgroundFaults.MeterName)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
            {
                if (tags[0].Value is nameof(ConfigurationWatcher))
                {
                    Interlocked.Increment(ref _count);
                }
            });
            _listener.Start();
        }

        public int Count => _count;

        public void Dispose() => _listener.Dispose();
    }
}
