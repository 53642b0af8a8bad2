namespace RegistryProxy.Gateway.Streaming;

/// <summary>A body that came encoded and is decoded as it is read: whether it is right shows at its end.</summary>
internal sealed class DecodedContent(Stream body) : StreamContent(body);
