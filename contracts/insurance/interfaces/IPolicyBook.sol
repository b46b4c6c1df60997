// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IPolicyCard} from "./IPolicyCard.sol";
import {IUnderwritingPool, SeriesId} from "./IUnderwritingPool.sol";

/// @notice One policy, in one slot: | 48 premium units | 48 sum units | 160 holder |
struct Policy {
    address holder;
    uint48 sumUnits;
    uint48 premiumUnits;
}

/// @notice An offer of cover to one buyer, signed by a quote key under EIP-712.
struct Quote {
    SeriesId series;
    address buyer;
    /// @notice Sum insured, base units of the asset.
    uint128 sumInsured;
    /// @notice Premium, base units of the asset.
    uint128 premium;
    /// @notice The buyer's purchases so far (`purchasesOf`): each quote can be used once, in order.
    uint32 sequence;
    /// @notice Last second the offer stands.
    uint40 validUntil;
}

/// @title IPolicyBook
/// @notice Sells policies (ERC-721) against signed quotes and keeps them, one slot each. It also settles them: see
/// `IPolicySettlement`.
/// @dev A policy's id is `series << 32 | index`.
interface IPolicyBook {
    /// @notice A policy was sold; the token's `Transfer` from nobody says to whom.
    event PolicyBought(uint256 indexed policyId, SeriesId indexed series, uint256 sumInsured, uint256 premium);
    /// @notice A policy was cancelled before its time.
    event PolicyCancelled(uint256 indexed policyId, address indexed holder, uint256 refund);
    /// @notice A quote key was appointed, or its daily limit changed; 0 dismisses it.
    event QuoteKeyChanged(address indexed key, uint64 dailyLimitUnits);

    /// @notice Only the registry opens series.
    /// @dev Call `SeriesRegistry.openSeries`.
    error PolicyCallerUnknown(address caller);
    /// @notice Sales of the series have ended: its window is too near.
    /// @dev Buy a series whose window starts later.
    error PolicySalesEnded(SeriesId series, uint256 salesEnd);
    /// @notice The quote was made for somebody else.
    /// @dev Send the transaction from the buyer named in the quote, or ask for an own quote.
    error PolicyQuoteNotYours(address buyer, address caller);
    /// @notice The quote has expired.
    /// @dev Ask for a new quote.
    error PolicyQuoteExpired(uint256 validUntil);
    /// @notice The quote was used, or is not the next one.
    /// @dev Ask for a quote with the sequence `purchasesOf(buyer)`.
    error PolicyQuoteSequence(uint256 expected, uint256 given);
    /// @notice The quote's signature is not by this key, or the key may not quote.
    /// @dev Ask for a quote signed by an appointed key.
    error PolicyQuoteInvalid(address key);
    /// @notice The quote key has sold its daily limit.
    /// @dev Wait until tomorrow (UTC) or ask for a quote by another key.
    error PolicyQuoteLimit(address key, uint256 wanted, uint256 left);
    /// @notice The premium is below the series' floor or above the sum insured.
    /// @dev Ask for a quote within these bounds.
    error PolicyPremiumOutOfBounds(uint256 premium, uint256 floor, uint256 sumInsured);
    /// @notice The amount is zero, too large, or not a whole number of the pool's units.
    /// @dev Round to a multiple of `unit`.
    error PolicyAmountInvalid(uint256 amount, uint256 unit);
    /// @notice The series would grow beyond its cap.
    /// @dev Buy a smaller sum or another series.
    error PolicySeriesCapExceeded(SeriesId series, uint256 wanted, uint256 cap);
    /// @notice The policy does not exist, or was cancelled.
    /// @dev Check the id.
    error PolicyUnknown(uint256 policyId);
    /// @notice Only the holder can do this.
    /// @dev Send the transaction from the holder's account.
    error PolicyNotHolder(uint256 policyId, address caller);
    /// @notice The terms do not allow cancellation, or no longer.
    /// @dev Sell the policy instead: it is transferable until the outcome is decided.
    error PolicyCancellationClosed(uint256 policyId, uint256 cancelUntil);
    /// @notice The outcome is decided: the policy belongs to its holder for good.
    /// @dev Collect the payout; there is nothing left to transfer.
    error PolicyFrozen(uint256 policyId);

    /// @notice Draws the policies' cards.
    function CARD() external view returns (IPolicyCard); // solhint-disable-line func-name-mixedcase

    /// @notice One policy.
    function policyOf(uint256 policyId) external view returns (Policy memory);

    /// @notice Policies [from, from + count) of a series; a cancelled one is all zero.
    function policiesOf(SeriesId series, uint256 from, uint256 count) external view returns (Policy[] memory);

    /// @notice How many policies `buyer` has bought: the sequence of the next quote.
    function purchasesOf(address buyer) external view returns (uint256);

    /// @notice Digest a quote key signs.
    function quoteDigest(Quote calldata quote) external view returns (bytes32);

    /// @notice A quote key's daily limit and what is left of it today, in units.
    function quoteKeyOf(address key) external view returns (uint256 dailyLimitUnits, uint256 leftUnits);

    /// @notice The registry's call: carries a new series.
    /// @param settleBy When the series is certainly decided, unix seconds.
    /// @return window The pool's number of the window in which the premium is earned.
    function accept(
        SeriesId series,
        IUnderwritingPool pool,
        uint40 start,
        uint40 end,
        uint40 settleBy
    ) external returns (uint8 window);

    /// @notice Buys the cover quoted. The pool pulls the premium from the buyer, who has approved it.
    function buy(Quote calldata quote, address key, bytes calldata signature) external returns (uint256 policyId);

    /// @notice Cancels a policy while its terms allow, against the unearned part of the premium less the fee.
    function cancel(uint256 policyId) external returns (uint256 refund);

    /// @notice Appoints a quote key with a limit of sums insured a day (UTC), in units; 0 dismisses it.
    function setQuoteKey(address key, uint64 dailyLimitUnits) external;
}
