using Microsoft.AspNetCore.Http;

namespace RegistryProxy.ServiceDefaults.Requests;

/// <summary>A body could not be read whole, which is the client's fault; its message is meant for the client.</summary>
public sealed class UnreadableBodyException : BadHttpRequestException
{
    private UnreadableBodyException(string message, int status, Exception? inner = null)
        : base(message, status, inner!)
    {
    }

    /// <summary>It is longer than it may be: 413.</summary>
    /// <param name="maxBytes">The longest, in bytes.</param>
    public static UnreadableBodyException TooLong(int maxBytes) =>
        new($"the body of the request is larger than {maxBytes >> 10} KiB", StatusCodes.Status413PayloadTooLarge);

    /// <summary>It did not arrive in time, or gave way to others: 408.</summary>
    /// <param name="limit">The time that it had.</param>
    public static UnreadableBodyException Late(TimeSpan limit) => new(
        $"the body of the request did not arrive within {limit.TotalSeconds:0} s, or many others did not, either: send the request again",
        StatusCodes.Status408RequestTimeout);

    /// <summary>Its framing is broken, or it ended early: 400.</summary>
    /// <param name="fault">What the server says of it.</param>
    public static UnreadableBodyException Malformed(Exception fault) =>
        new("the body of the request is malformed, or ended early", StatusCodes.Status400BadRequest, fault);
}
