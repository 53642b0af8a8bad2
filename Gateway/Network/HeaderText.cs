using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Network;

/// <summary>
/// What may stand in a header that is sent on, to an upstream or to a client: visible ASCII, spaces and tabs (RFC 9110 §5.5 without the
/// obsolete bytes). Neither HttpClient nor Kestrel takes anything else, and each throws where it is too late to answer well.
/// </summary>
internal static class HeaderText
{
    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("\t" + string.Concat(Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code)));

    public static bool IsClean(ReadOnlySpan<char> value) => !value.ContainsAnyExcept(Allowed);

    public static bool AreClean(StringValues values)
    {
        foreach (var value in values)
        {
            if (!IsClean(value))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>How many characters there are in all values of a header.</summary>
    public static int LengthOf(StringValues values)
    {
        var length = 0;
        foreach (var value in values)
        {
            length += value?.Length ?? 0;
        }

        return length;
    }

    /// <summary>
    /// The beginning of a text of somebody else's, without control characters and whole: half of a surrogate pair is not JSON.
    /// </summary>
    public static string Shorten(string text, int maxLength)
    {
        if (text.Length <= maxLength && IsClean(text))
        {
            return text;
        }

        var clean = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (clean.Length + rune.Utf16SequenceLength > maxLength)
            {
                break;
            }

            clean.Append(Rune.IsControl(rune) ? "" : rune.ToString());
        }

        return clean.ToString();
    }
}

/// <summary>
/// What is refused before anything looks at it: inputs that are longer than what any client sends, or of which no header can be made for an
/// upstream. Docker, containerd, BuildKit, Podman, Skopeo, Helm and ORAS send less than 1 KiB of <c>Accept</c>.
/// </summary>
internal static class RequestBounds
{
    /// <summary>Path and query, in characters.</summary>
    public const int MaxTarget = 8 * 1024;

    /// <summary>The same at the token endpoint, where many scopes may be asked for at once.</summary>
    public const int MaxTokenTarget = 16 * 1024;

    /// <summary>Room for an access token, and for any password but the document of a machine, which goes by POST.</summary>
    public const int MaxAuthorization = 16 * 1024;

    /// <summary>All values together, in characters.</summary>
    public const int MaxAccept = 8 * 1024;

    /// <summary>In characters.</summary>
    public const int MaxContentType = 1024;

    /// <summary>Why the request goes no further; <c>null</c> when it may.</summary>
    public static DistributionError? Refuse(HttpRequest request)
    {
        var target = request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var maxTarget = target.StartsWith("/token?", StringComparison.Ordinal) ? MaxTokenTarget : MaxTarget;
        if (target.Length > maxTarget)
        {
            return TooLong("the address", maxTarget, StatusCodes.Status414UriTooLong);
        }

        if (HeaderText.LengthOf(request.Headers.Authorization) > MaxAuthorization)
        {
            return TooLong("the Authorization header", MaxAuthorization, StatusCodes.Status431RequestHeaderFieldsTooLarge);
        }

        if (HeaderText.LengthOf(request.Headers.Accept) > MaxAccept)
        {
            return TooLong("the Accept header", MaxAccept, StatusCodes.Status431RequestHeaderFieldsTooLarge);
        }

        return HeaderText.LengthOf(request.Headers.ContentType) > MaxContentType
            ? TooLong("the Content-Type header", MaxContentType, StatusCodes.Status431RequestHeaderFieldsTooLarge)
            : RefuseBytes("Accept", request.Headers.Accept) ?? RefuseBytes("Content-Type", request.Headers.ContentType)
            ?? RefuseBytes("Content-Range", request.Headers.ContentRange);
    }

    private static DistributionError? RefuseBytes(string name, StringValues values) => HeaderText.AreClean(values)
        ? null
        : DistributionError.Unsupported($"the {name} header holds bytes beyond visible ASCII", StatusCodes.Status400BadRequest);

    private static DistributionError TooLong(string what, int length, int status) =>
        DistributionError.Unsupported($"{what} is longer than {length} characters", status);
}
