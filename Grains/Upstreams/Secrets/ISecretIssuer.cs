using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams.Secrets;

/// <summary>A principal that a program or a cloud knows, and how to ask for a secret of its.</summary>
internal interface ISecretIssuer
{
    /// <summary>The kind of the principal, as it may be read in a grain key.</summary>
    string Kind { get; }

    /// <summary>What makes this principal the same as another; holds no secret.</summary>
    string Definition { get; }

    /// <summary>
    /// Everything secret that somebody may edit: when it changes, what was issued before is of no use. Empty where there is nothing to
    /// edit.
    /// </summary>
    /// <exception cref="SecretUnavailableException">It cannot be read.</exception>
    string ReadMaterial();

    /// <summary>Asks for a new secret.</summary>
    /// <exception cref="IssueException">There is none to be had, and why.</exception>
    Task<IssuedSecret> Issue(CancellationToken cancellation);
}

/// <summary>A secret and the moment from which it opens nothing any more.</summary>
internal sealed record IssuedSecret(UpstreamSecret Secret, DateTimeOffset Expires);

/// <summary>A secret could not be issued. The message names who refused and what mends it, never a file or a secret.</summary>
internal sealed class IssueException(UpstreamFailureKind kind, string message) : Exception(message)
{
    public UpstreamFailureKind Kind => kind;

    /// <summary>For operators: the message with the name of what it is about.</summary>
    public string Detail { get; init; } = message;
}
