namespace RegistryProxy.Gateway.Streaming;

/// <summary>A blob that came whole and is not what its digest says.</summary>
internal sealed class WrongBlobException() : IOException("the blob does not match its digest");
