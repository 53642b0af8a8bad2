using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Identity;
using RegistryProxy.NodeAgent.Registries;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.NodeAgent.Sockets;
using RegistryProxy.NodeAgent.Telemetry;

namespace RegistryProxy.NodeAgent.Control;

/// <summary>
/// A credential for another command: from the running agent, which keeps sessions, or by a proof of its own where none runs.
/// </summary>
internal static class CredentialLookup
{
    /// <summary>The most that is read of the running agent's answer, in bytes.</summary>
    private const int MaxReply = 64 * 1024;

    /// <summary>
    /// How long the running agent has: with a proof of its own behind it, the whole stays within the minute that kubelet waits.
    /// </summary>
    internal static readonly TimeSpan AgentTimeout = TimeSpan.FromSeconds(5);

    public static async Task<CredentialReply> Find(
        AgentSettings settings, CredentialQuestion question, TimeProvider time, CancellationToken cancellation) =>
        await RequestFromAgent(settings, question, time, cancellation) ?? await Alone(settings, question, time, cancellation);

    /// <summary>The running agent's answer; <c>null</c> when none runs, it hangs, or this user may not ask it.</summary>
    private static async Task<CredentialReply?> RequestFromAgent(
        AgentSettings settings, CredentialQuestion question, TimeProvider time, CancellationToken cancellation)
    {
        if (!File.Exists(settings.ControlSocket))
        {
            return null;
        }

        using var http = WholeAnswers.Client(UnixConnection.Handler(settings.ControlSocket), MaxReply);
        using var timeout = new CancellationTokenSource(AgentTimeout, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        try
        {
            using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(question, ControlJson.Default.CredentialQuestion));
            using var response = await http.PostAsync(new Uri($"http://agent{ControlEndpoints.CredentialPath}"), content, limit.Token);
            return response.IsSuccessStatusCode
                ? JsonSerializer.Deserialize(await response.Content.ReadBytes(MaxReply, limit.Token), ControlJson.Default.CredentialReply)
                : null;
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or JsonException
            || (fault is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return null;
        }
    }

    private static async Task<CredentialReply> Alone(
        AgentSettings settings, CredentialQuestion question, TimeProvider time, CancellationToken cancellation)
    {
        using var identities = new IdentityFactory(settings, time);
        using var metrics = new AgentMetrics(time);
        using var registries = new RegistryDirectory(settings, identities, metrics, time, NullLoggerFactory.Instance);
        return await new CredentialResolver(registries, time).Answer(question, cancellation);
    }
}
