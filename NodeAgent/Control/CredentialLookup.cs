using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using RegistryProxy.NodeAgent.Doors;
using RegistryProxy.NodeAgent.Identity;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.NodeAgent.Sockets;
using RegistryProxy.NodeAgent.Telemetry;

namespace RegistryProxy.NodeAgent.Control;

/// <summary>A credential for another command: from the running agent, which keeps sessions, or by a proof of its own where none runs.</summary>
internal static class CredentialLookup
{
    /// <summary>The most that is read of the running agent's answer, in bytes.</summary>
    private const int MaxReply = 64 * 1024;

    public static async Task<CredentialReply> Ask(AgentSettings settings, CredentialQuestion question, CancellationToken cancellation) =>
        await AskAgent(settings, question, cancellation) ?? await Alone(settings, question, cancellation);

    /// <summary>The running agent's answer; <c>null</c> when none runs, or this user may not ask it.</summary>
    private static async Task<CredentialReply?> AskAgent(AgentSettings settings, CredentialQuestion question, CancellationToken cancellation)
    {
        if (!File.Exists(settings.ControlSocket))
        {
            return null;
        }

        using var http = new HttpClient(UnixConnection.Handler(settings.ControlSocket)) { MaxResponseContentBufferSize = MaxReply };
        try
        {
            using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(question, ControlJson.Default.CredentialQuestion));
            using var response = await http.PostAsync(new Uri($"http://agent{ControlEndpoints.CredentialPath}"), content, cancellation);
            return response.IsSuccessStatusCode
                ? JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(cancellation), ControlJson.Default.CredentialReply)
                : null;
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or JsonException)
        {
            return null;
        }
    }

    private static async Task<CredentialReply> Alone(AgentSettings settings, CredentialQuestion question, CancellationToken cancellation)
    {
        using var identities = new IdentityFactory(settings, TimeProvider.System);
        using var metrics = new AgentMetrics(TimeProvider.System);
        using var doors = new DoorDirectory(settings, identities, metrics, TimeProvider.System, NullLoggerFactory.Instance);
        return await new CredentialDesk(doors).Answer(question, cancellation);
    }
}
