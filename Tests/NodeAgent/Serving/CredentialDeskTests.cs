using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.NodeAgent.Control;
using RegistryProxy.NodeAgent.Identity;
using RegistryProxy.NodeAgent.Registries;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.NodeAgent.Telemetry;

namespace RegistryProxy.Tests.NodeAgent.Serving;

/// <summary>Whoever asks the agent for a credential has an answer in time, whatever the front door does.</summary>
public sealed class CredentialDeskTests
{
    private static readonly TimeSpan Hanging = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_front_door_that_hangs_is_given_the_time_of_a_proof_and_of_its_answer(bool byImage)
    {
        using var door = new TcpListener(IPAddress.Loopback, 0);
        door.Start();
        var authority = $"127.0.0.1:{((IPEndPoint)door.LocalEndpoint).Port}";
        var (settings, errors) = SettingsFile.Parse($$"""
            frontDoors:
              - { url: "http://{{authority}}", identity: { type: password, username: node, password: { value: secret } } }
            """, "nodeagent.yaml");
        Assert.Empty(errors);
        var time = new FakeTimeProvider();
        using var identities = new IdentityFactory(settings!, time);
        using var metrics = new AgentMetrics(time);
        using var registries = new RegistryDirectory(settings!, identities, metrics, time, NullLoggerFactory.Instance);
        var reply = new CredentialResolver(registries, time).Answer(
            byImage ? new CredentialQuestion($"{authority}/team/app:v1", null) : new CredentialQuestion(null, authority), default);
        using var connection = await door.AcceptTcpClientAsync().WaitAsync(Hanging);
        Assert.False(reply.IsCompleted);
        time.Advance(IIdentity.DefaultTimeout + RegistryTokenClient.Timeout);
        var answer = await reply.WaitAsync(Hanging);
        Assert.Null(answer.Password);

        // Whichever of the two is over first.
        Assert.Matches("no answer within (20|35) s", answer.Failure);
    }
}
