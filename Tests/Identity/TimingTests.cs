using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Identity;

/// <summary>Who is not known takes as long as who is known with a wrong password.</summary>
[Collection(AloneCollection.Name)]
public sealed class TimingTests
{
    [Fact]
    public async Task An_unknown_user_costs_what_a_wrong_password_costs()
    {
        using var folder = new TemporaryFolder();
        var hash = await Shell.Run("htpasswd", ["-nbB", "-C", "6", "alice", "right"]);
        folder.Write("htpasswd", hash.Output.Trim() + "\n");
        var result = ConfigurationFile.Read(folder.Write("config.yaml", """
            upstreams: { up: { url: "https://registry.example" } }
            authenticators: { staff: { type: htpasswd, file: htpasswd } }
            tenants: { acme: { hosts: ["*"], authenticators: [staff], routes: [{ prefix: "", upstream: up }] } }
            """));
        var work = new PasswordWork();
        using var directory = new AuthenticatorDirectory(
            new FixedConfiguration(result.Snapshot!), new AuthenticatorFactory(
                work, null!, null!, null!, TimeProvider.System, NullLoggerFactory.Instance), TimeProvider.System,
            NullLogger<AuthenticatorDirectory>.Instance);
        var login = new PasswordLogin(work);
        var tenant = result.Snapshot!.Configuration.Tenants["acme"];
        List<double> known = [];
        List<double> unknown = [];
        for (var i = 0; i < Sizes.Of(400, 2000); i++)
        {
            known.Add(await Time("alice"));
            unknown.Add(await Time($"nobody{i}"));
        }

        var difference = Math.Abs(Median(known) - Median(unknown));
        TestContext.Current.SendDiagnosticMessage($"wrong password {Median(known):0.000} ms, unknown user {Median(unknown):0.000} ms");
        Assert.True(difference <= 1, $"{difference} ms");

        async Task<double> Time(string user)
        {
            var watch = Stopwatch.StartNew();
            Assert.Null((await login.Verify(
                directory.Of(tenant), user, new Secret("wrong"), new PasswordSource("acme", default, true), _ => { },
                CancellationToken.None)).Identity);
            return watch.Elapsed.TotalMilliseconds;
        }
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
