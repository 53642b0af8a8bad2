using RegistryProxy.NodeAgent.Doors;
using RegistryProxy.NodeAgent.Names;
using RegistryProxy.NodeAgent.Sessions;

namespace RegistryProxy.NodeAgent.Control;

/// <summary>Answers who asks for a credential by the image or the host; within the agent, or within a command that runs alone.</summary>
internal sealed class CredentialDesk(DoorDirectory doors, TimeProvider time)
{
    public async Task<CredentialReply> Answer(CredentialQuestion question, CancellationToken cancellation)
    {
        var image = question.Image is { } text && ImageName.TryParse(text, out var name) ? name : null;
        var door = image is not null ? doors.Find(image) : question.Host is { } host ? doors.FindHost(host) : null;
        return door is null ? new CredentialReply(null, null, null, null, null, null)
            : await Ask(door, image?.Domain ?? question.Host, cancellation);
    }

    private async Task<CredentialReply> Ask(FrontDoor door, string? host, CancellationToken cancellation)
    {
        var patience = (door.Session?.Patience ?? TimeSpan.Zero) + DoorClient.Timeout;
        using var limit = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            var outcome = await door.LogInConfirmed(either.Token);
            return outcome.Succeeded(out var session, out var failure)
                ? new CredentialReply(host, session.Username, session.Password.Reveal(), session.Issued, session.Expires, null)
                : new CredentialReply(host, null, null, null, null, $"{door.Url.Authority}: {failure.Message}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new CredentialReply(host, null, null, null, null, $"{door.Url.Authority}: no answer within {patience.TotalSeconds:0} s");
        }
    }
}
