namespace RegistryProxy.Grains.Sessions.Identity;

/// <summary>Who somebody proved to be.</summary>
/// <param name="Authenticator">The authenticator that proved it.</param>
/// <param name="Subject">The name that it gave; never empty.</param>
/// <param name="Groups">The groups that it named.</param>
/// <param name="Claims">What else it said; what <c>when</c> compares.</param>
/// <param name="CredentialStamp">Changes when the credential does; sessions of an older stamp are over.</param>
internal sealed record VerifiedIdentity(
    string Authenticator, string Subject, IReadOnlyList<string> Groups, IReadOnlyDictionary<string, string> Claims, string CredentialStamp);
