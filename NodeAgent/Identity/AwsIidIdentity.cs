using RegistryProxy.NodeAgent.Identity.Metadata;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Identity;

/// <summary>
/// The instance identity document. The front door binds the instance to the nonce of its first document, so that nonce is kept on disk before
/// it is first shown, and shown ever after.
/// </summary>
internal sealed class AwsIidIdentity(IdentitySettings settings, AwsMetadata metadata, NonceFile kept) : IIdentity
{
    public async Task<DoorCredential> LogIn(DoorClient door, CancellationToken cancellation)
    {
        var document = (await metadata.Get("dynamic/instance-identity/rsa2048", cancellation)).ReplaceLineEndings("");
        DoorException? refused = null;
        foreach (var nonce in kept.Read())
        {
            try
            {
                var session = await Present(nonce);
                kept.Confirm(nonce);
                return session;
            }
            catch (DoorException fault) when (fault.Failure == DoorFailure.Refused)
            {
                refused = fault;
            }
        }

        // Nothing was kept, or an operator freed this instance: a fresh nonce binds it anew. A kept one stays until that has worked.
        var fresh = await door.Nonce(settings.Authenticator, cancellation);
        kept.Propose(fresh);
        try
        {
            var session = await Present(fresh);
            kept.Confirm(fresh);
            return session;
        }
        catch (DoorException fault) when (fault.Failure == DoorFailure.Refused)
        {
            kept.Withdraw();
            throw new DoorException(DoorFailure.Refused, (refused ?? fault).Message);
        }

        Task<DoorCredential> Present(string nonce) => door.OpenSession(
            Proof.Exchange(settings.Authenticator, Proof.Document("rsa2048", document, nonce)), cancellation);
    }
}
