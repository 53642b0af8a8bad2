namespace RegistryProxy.Egress;

/// <summary>
/// What lies under a fault: HttpClient, its handlers and the libraries above them wrap what a connection or an answer ended by.
/// </summary>
public static class FaultCauses
{
    /// <summary>The fault itself and its causes, the outermost first; none for <c>null</c>.</summary>
    public static IEnumerable<Exception> Causes(this Exception? fault)
    {
        for (var cause = fault; cause is not null; cause = cause.InnerException)
        {
            yield return cause;
        }
    }
}
