using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Files;

namespace RegistryProxy.ServiceDefaults.Requests;

/// <summary>
/// The body of a request. That it cannot be read, whatever Kestrel throws, is the client's fault, and one exception says so.
/// </summary>
internal sealed class ClientBody(Stream inner) : ReadingStream(inner)
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await Inner.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception fault) when (fault is (IOException or InvalidOperationException) and not (BadHttpRequestException
            or ConnectionResetException))
        {
            throw new BadHttpRequestException("The body of the request is malformed.", StatusCodes.Status400BadRequest, fault);
        }
    }
}
