using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace RegistryProxy.ServiceDefaults.Admin;

/// <summary>Why a request to the admin listener may not go on.</summary>
/// <param name="Status">The status of the answer: 401, 403 or 429.</param>
/// <param name="Message">For people.</param>
public sealed record AdminRefusal(int Status, string Message)
{
    /// <summary>Too many wrong tokens came from the address.</summary>
    public static AdminRefusal TooManyGuesses { get; } = new(
        StatusCodes.Status429TooManyRequests, "too many wrong admin tokens came from this address; try again in a few seconds");

    /// <summary>When to come back, in seconds.</summary>
    private const int RetryAfterSeconds = 5;

    /// <summary>Sets the headers of the answer.</summary>
    public void SetHeaders(HttpResponse response)
    {
        if (Status == StatusCodes.Status429TooManyRequests)
        {
            response.Headers.RetryAfter = RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        }
    }
}
