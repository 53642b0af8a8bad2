using RegistryProxy.NodeAgent.Doors;
using RegistryProxy.NodeAgent.Sessions;

namespace RegistryProxy.NodeAgent.Control;

/// <summary>Answers who asks for a credential by the image or the host; within the agent, or within a command that runs alone.</summary>
internal sealed class CredentialDesk(DoorDirectory doors)
{
    public async Task<CredentialReply> Answer(CredentialQuestion question, CancellationToken cancellation)
    {
        var image = question.Image is { } text && ImageName.TryParse(text, out var name) ? name : null;
        var door = image is not null ? doors.Find(image) : question.Host is { } host ? doors.FindHost(host) : null;
        if (door is null)
        {
            return new CredentialReply(null, null, null, null, null, null);
        }

        try
        {
            var session = await door.LogIn(cancellation);
            return new CredentialReply(image?.Domain ?? question.Host, session.Username, session.Password.Reveal(), session.Issued, session.Expires, null);
        }
        catch (DoorException failure)
        {
            return new CredentialReply(image?.Domain ?? question.Host, null, null, null, null, $"{door.Url.Authority}: {failure.Message}");
        }
    }
}
