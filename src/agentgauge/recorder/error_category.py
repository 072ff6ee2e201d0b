"""What kind of trouble an exception is, told without importing the library that raised it.

Asked in this order, and the first that knows decides:

    1. the provider's own word for it   `code` and `type` of OpenAI and Anthropic, `Error.Code` of AWS
    2. the HTTP status                  of the exception or of its response
    3. the names of its classes         its own, then those of its bases, nearest first
    4. errno
    5. the exception that it was raised from

A provider's word goes first because a status says less: OpenAI answers 429 both to haste and to an empty account, AWS
answers 400 to almost everything. Costs 1-3 microseconds, and nothing where nothing fails.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from enum import StrEnum

from agentgauge.interruption import is_interruption

_CAUSES_ASKED = 3


class ErrorCategory(StrEnum):
    NETWORK = "network"
    """No answer came: refused, reset, unreachable, a name that does not resolve, TLS."""
    AUTHENTICATION = "authentication"
    """Credentials are missing, wrong or expired."""
    PERMISSION = "permission"
    """Known, but not allowed to."""
    RATE_LIMIT = "rate_limit"
    """Too fast; later it would work."""
    QUOTA = "quota"
    """An allowance, a budget or an account is used up."""
    TIMEOUT = "timeout"
    VALIDATION = "validation"
    """What was sent or read is not what it has to be."""
    NOT_FOUND = "not_found"
    SERVER = "server"
    """The other side failed, or is overloaded."""
    RESOURCE = "resource"
    """This machine ran out of memory, disk or files."""
    CANCELLED = "cancelled"
    """Somebody stopped it."""
    UNKNOWN = "unknown"


_WORDS: dict[ErrorCategory, str] = {
    ErrorCategory.NETWORK: (
        "ConnectionError ConnectError ReadError WriteError CloseError NetworkError TransportError ProxyError SSLError "
        "ChunkedEncodingError RemoteProtocolError APIConnectionError EndpointConnectionError ConnectionClosedError "
        "ProxyConnectionError ClientConnectionError ServerDisconnectedError NewConnectionError MaxRetryError "
        "ProtocolError IncompleteRead IncompleteReadError gaierror herror URLError HTTPClientError"
    ),
    ErrorCategory.AUTHENTICATION: (
        "AuthenticationError Unauthorized Unauthenticated CredentialsError NoCredentialsError PartialCredentialsError "
        "CredentialRetrievalError NoAuthTokenError TokenRetrievalError UnauthorizedSSOTokenError SSOTokenLoadError "
        "authentication_error invalid_api_key ExpiredToken ExpiredTokenException InvalidClientTokenId "
        "UnrecognizedClientException InvalidAccessKeyId SignatureDoesNotMatch InvalidSignatureException AuthFailure "
        "MissingAuthenticationToken MissingAuthenticationTokenException"
    ),
    ErrorCategory.PERMISSION: (
        "PermissionError PermissionDeniedError PermissionDenied Forbidden permission_error AccessDenied "
        "AccessDeniedException UnauthorizedOperation"
    ),
    ErrorCategory.RATE_LIMIT: (
        "RateLimitError TooManyRequests RateLimitExceeded rate_limit_error rate_limit_exceeded Throttling "
        "ThrottlingException ThrottledException RequestThrottled RequestThrottledException TooManyRequestsException "
        "RequestLimitExceeded ProvisionedThroughputExceededException SlowDown PriorRequestNotComplete"
    ),
    ErrorCategory.QUOTA: (
        "PaymentRequiredError insufficient_quota billing_error billing_hard_limit_reached BudgetExceeded "
        "BudgetExceededError UsageLimitExceeded QuotaExceeded ServiceQuotaExceededException LimitExceededException"
    ),
    ErrorCategory.TIMEOUT: (
        "TimeoutError Timeout TimeoutException ConnectTimeout ReadTimeout WriteTimeout PoolTimeout APITimeoutError "
        "ConnectTimeoutError ReadTimeoutError ServerTimeoutError DeadlineExceeded GatewayTimeoutError "
        "RequestTimeoutError RequestTimeout timeout_error ModelTimeoutException TimeoutExpired"
    ),
    ErrorCategory.VALIDATION: (
        "ValueError TypeError ValidationError RequestValidationError BadRequestError UnprocessableEntityError "
        "JSONDecodeError DecodingError InvalidURL UnsupportedProtocol LocalProtocolError TooManyRedirects "
        "APIResponseValidationError ParamValidationError ValidationException "
        "request_too_large context_length_exceeded string_above_max_length UnexpectedModelBehavior"
    ),
    ErrorCategory.NOT_FOUND: (
        "FileNotFoundError NotFoundError NotFound not_found_error model_not_found ProfileNotFound NoSuchKey "
        "NoSuchBucket NoSuchEntity ResourceNotFound ResourceNotFoundException"
    ),
    ErrorCategory.SERVER: (
        "InternalServerError ServiceUnavailableError OverloadedError api_error overloaded_error server_error "
        "InternalError InternalFailure InternalServerException ServiceUnavailable ServiceUnavailableException "
        "ModelErrorException ModelNotReadyException"
    ),
    ErrorCategory.RESOURCE: "MemoryError RecursionError OutOfMemoryError",
    ErrorCategory.CANCELLED: "CancelledError KeyboardInterrupt GeneratorExit ClientClosedRequestError",
}
_BY_WORD = {word: category for category, words in _WORDS.items() for word in words.split()}

_BY_STATUS = {
    401: ErrorCategory.AUTHENTICATION,
    402: ErrorCategory.QUOTA,
    403: ErrorCategory.PERMISSION,
    404: ErrorCategory.NOT_FOUND,
    407: ErrorCategory.AUTHENTICATION,
    408: ErrorCategory.TIMEOUT,
    410: ErrorCategory.NOT_FOUND,
    429: ErrorCategory.RATE_LIMIT,
    499: ErrorCategory.CANCELLED,
    504: ErrorCategory.TIMEOUT,
}
"""Other statuses of 400 to 499 are validation, of 500 to 599 the server's."""

_BY_ERRNO = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM), ErrorCategory.RESOURCE),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), ErrorCategory.PERMISSION),
    **dict.fromkeys((errno.ENOENT, errno.ENOTDIR), ErrorCategory.NOT_FOUND),
    **dict.fromkeys(
        (
            errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL,
            errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE, errno.ENOTCONN,
        ),
        ErrorCategory.NETWORK,
    ),
    errno.ETIMEDOUT: ErrorCategory.TIMEOUT,
}  # fmt: skip


def category_of(error: BaseException) -> ErrorCategory:
    """The category of an exception, UNKNOWN where nothing tells. Raises nothing, whatever its attributes do."""
    try:
        asked: BaseException | None = error
        for _ in range(_CAUSES_ASKED):
            if asked is None:
                break
            category = _own_category(asked)
            if category is not None:
                return category
            asked = asked.__cause__
    except Exception as unreadable:  # properties of somebody's exception
        if is_interruption(unreadable):
            raise
    return ErrorCategory.UNKNOWN


def _own_category(error: BaseException) -> ErrorCategory | None:
    for word in _said(error):
        if word in _BY_WORD:
            return _BY_WORD[word]
    status = _status(error)
    if status is not None:
        return _of_status(status)
    for kind in type(error).__mro__:
        if kind.__name__ in _BY_WORD:
            return _BY_WORD[kind.__name__]
    return _BY_ERRNO.get(error.errno or 0) if isinstance(error, OSError) else None


def _of_status(status: int) -> ErrorCategory | None:
    if not 400 <= status <= 599:
        return None
    return _BY_STATUS.get(status) or (ErrorCategory.VALIDATION if status < 500 else ErrorCategory.SERVER)


def category_of_word(word: str) -> ErrorCategory | None:
    """The category of an error that others name: by its class, with or without its module, by the provider's own word
    for it, or by an HTTP status. None where nothing tells.
    """
    if word.isdecimal() and len(word) == len("500"):
        return _of_status(int(word))
    return _BY_WORD.get(word.rpartition(".")[2])


def _said(error: BaseException) -> Iterator[str]:
    """The provider's own words for what went wrong, the most particular first."""
    for name in ("code", "type"):
        word = _read(error, name)
        if type(word) is str:
            yield word
    details = [_read(error, "body")]
    response = _read(error, "response")
    if isinstance(response, Mapping):  # botocore's; other libraries have an object there
        details.append(response)
    for detail in details:
        if not isinstance(detail, Mapping):
            continue
        inner = detail.get("error", detail.get("Error"))
        for said in (inner, detail):
            if isinstance(said, Mapping):
                yield from (word for key in ("code", "Code", "type") if type(word := said.get(key)) is str)


def _status(error: BaseException) -> int | None:
    """The HTTP status that an exception is about, where it is one of a failure."""
    response = _read(error, "response")
    if isinstance(response, Mapping):
        metadata = response.get("ResponseMetadata")
        found = [metadata.get("HTTPStatusCode")] if isinstance(metadata, Mapping) else []
    else:
        found = [_read(error, name) for name in ("status_code", "status", "code")]
        found.append(_read(response, "status_code"))
    for value in found:
        if isinstance(value, int) and 400 <= value <= 599:
            return int(value)
    return None


def _read(thing: object, name: str) -> object:
    """An attribute, None where there is none or reading it raises: the names of the classes are still told then."""
    try:
        return getattr(thing, name, None)
    except Exception as unreadable:  # a property of somebody's exception
        if is_interruption(unreadable):
            raise
        return None
