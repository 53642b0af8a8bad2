using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Sessions.Identity;

/// <summary>Checks user names and passwords: a file here, a directory elsewhere.</summary>
internal interface IPasswordAuthenticator
{
    /// <summary>Whether the user is known, without spending time on a password.</summary>
    bool Knows(string user);

    ValueTask<PasswordVerdict> Verify(string user, Secret password, CancellationToken cancellation);

    /// <summary>What the authenticator says of a user now; <c>null</c> when it does not know it any more.</summary>
    VerifiedIdentity? Find(string user);
}
