using RegistryProxy.NodeAgent.Names;
using RegistryProxy.NodeAgent.Registries;
using RegistryProxy.NodeAgent.Sessions;

namespace RegistryProxy.NodeAgent.Control;

/// <summary>Answers who asks for a credential by the image or the host; within the agent, or within a command that runs alone.</summary>
internal sealed class CredentialResolver(RegistryDirectory registries, TimeProvider time)
{
    public async Task<CredentialReply> Answer(CredentialQuestion question, CancellationToken cancellation)
    {
        var image = question.Image is { } text && ImageName.TryParse(text, out var name) ? name : null;
        var registry = image is not null ? registries.Find(image) : question.Host is { } host ? registries.FindHost(host) : null;
        return registry is null ? new CredentialReply(null, null, null, null, null, null)
            : await LogIn(registry, image?.Domain ?? question.Host, cancellation);
    }

    private async Task<CredentialReply> LogIn(Registry registry, string? host, CancellationToken cancellation)
    {
        var timeout = (registry.Session?.Timeout ?? TimeSpan.Zero) + RegistryTokenClient.Timeout;
        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            var outcome = await registry.LogInConfirmed(either.Token);
            return outcome.Succeeded(out var session, out var failure)
                ? new CredentialReply(host, session.Username, session.Password.Reveal(), session.Issued, session.Expires, null)
                : new CredentialReply(host, null, null, null, null, $"{registry.Client.Authority}: {failure.Message}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new CredentialReply(
                host, null, null, null, null, $"{registry.Client.Authority}: no answer within {timeout.TotalSeconds:0} s");
        }
    }
}
