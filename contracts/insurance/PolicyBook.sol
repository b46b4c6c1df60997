// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ERC721} from "solady/src/tokens/ERC721.sol";
import {IPolicyBook, Policy, Quote, Series, Terms} from "./interfaces/IPolicyBook.sol";
import {IPolicyCard} from "./interfaces/IPolicyCard.sol";
import {Cover, SeriesId, SeriesState} from "./interfaces/IUnderwritingPool.sol";
import {IndexEngine} from "./libraries/IndexEngine.sol";
import {PolicyCard} from "./PolicyCard.sol";
import {SeriesBlob} from "./libraries/SeriesBlob.sol";

/// @title PolicyBook
/// @notice Sells and keeps policies. See `IPolicyBook`.
/// @dev The token's own slot holds the whole policy: Solady's ERC-721 leaves 96 bits beside the owner, which hold sum
/// and premium, and 224 bits beside each holder's balance, which count the purchases.
contract PolicyBook is IPolicyBook, ERC721, EIP712, AccessManaged {
    /// @dev | 64 free | 32 day | 64 used today | 64 daily limit |
    struct QuoteKey {
        uint64 dailyLimit;
        uint64 used;
        uint32 day;
    }

    uint256 private constant FULL_BPS = 10_000;
    uint256 private constant MAX_ROUNDS = 512;
    bytes32 private constant QUOTE_TYPEHASH = keccak256(
        "Quote(uint64 series,address buyer,uint128 sumInsured,uint128 premium,uint32 sequence,uint40 validUntil)"
    );

    /// @notice Draws the policies' cards.
    IPolicyCard public immutable CARD;

    mapping(address key => QuoteKey state) private _quoteKeys;
    uint64 private _seriesCount;

    /// @inheritdoc IPolicyBook
    bool public salesPaused;

    /// @param manager The deployment's AccessManager: who opens series, appoints quote keys and pauses sales.
    constructor(address manager) EIP712("Publica PolicyBook", "1") AccessManaged(manager) {
        CARD = new PolicyCard();
    }

    // ── read ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Name of the token.
    function name() public pure override returns (string memory) {
        return "Publica Policy";
    }

    /// @notice Symbol of the token.
    function symbol() public pure override returns (string memory) {
        return "POLICY";
    }

    /// @notice What the policy says, as a data URI.
    function tokenURI(uint256 policyId) public view override returns (string memory) {
        if (!_exists(policyId)) revert PolicyUnknown(policyId);
        SeriesId id = SeriesId.wrap(uint64(policyId >> 32));
        Series memory series = seriesOf(id);
        return CARD.uri(policyId, series, _policy(policyId), series.terms.pool.seriesOf(id));
    }

    /// @inheritdoc IPolicyBook
    function seriesOf(SeriesId series) public view returns (Series memory) {
        (bool exists, Series memory found) = SeriesBlob.read(address(this), series);
        if (!exists) revert PolicySeriesUnknown(series);
        return found;
    }

    /// @inheritdoc IPolicyBook
    function seriesCount() external view returns (uint256) {
        return _seriesCount;
    }

    /// @inheritdoc IPolicyBook
    function policyOf(uint256 policyId) external view returns (Policy memory) {
        return _policy(policyId);
    }

    /// @inheritdoc IPolicyBook
    function policiesOf(SeriesId series, uint256 from, uint256 count) external view returns (Policy[] memory policies) {
        policies = new Policy[](count);
        for (uint256 i; i < count; ++i) policies[i] = _policy(_policyId(series, from + i));
    }

    /// @inheritdoc IPolicyBook
    function purchasesOf(address buyer) external view returns (uint256) {
        return _getAux(buyer);
    }

    /// @inheritdoc IPolicyBook
    function quoteDigest(Quote calldata quote) public view returns (bytes32) {
        return
            _hashTypedDataV4(
                keccak256(
                    abi.encode(
                        QUOTE_TYPEHASH,
                        quote.series,
                        quote.buyer,
                        quote.sumInsured,
                        quote.premium,
                        quote.sequence,
                        quote.validUntil
                    )
                )
            );
    }

    /// @inheritdoc IPolicyBook
    function quoteKeyOf(address key) external view returns (uint256 dailyLimitUnits, uint256 leftUnits) {
        QuoteKey memory state = _quoteKeys[key];
        dailyLimitUnits = state.dailyLimit;
        leftUnits = _leftToday(state);
    }

    // ── write ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IPolicyBook
    function openSeries(Terms calldata terms) external restricted returns (SeriesId series) {
        _check(terms);
        series = SeriesId.wrap(++_seriesCount);
        uint40 settleBy = terms.end + 2 * (uint40(terms.grace) + terms.disputeWindow);
        uint256 unit = terms.pool.unit();
        uint8 window = terms.pool.accept(series, terms.start, terms.end, settleBy);
        SeriesBlob.write(series, Series(terms, uint64(unit), window));
        emit SeriesOpened(series, address(terms.pool), terms.name);
    }

    /// @inheritdoc IPolicyBook
    function buy(Quote calldata quote, address key, bytes calldata signature) external returns (uint256 policyId) {
        if (salesPaused) revert PolicySalesPaused();
        _checkQuote(quote);
        Series memory series = seriesOf(quote.series);
        uint48 sumUnits = _toUnits(quote.sumInsured, series.unit);
        uint48 premiumUnits = _toUnits(quote.premium, series.unit);
        _checkSale(quote, series.terms);
        _spendLimit(key, sumUnits);
        _checkSignature(key, quoteDigest(quote), signature);

        _setAux(msg.sender, uint224(quote.sequence) + 1);
        policyId = _write(quote.series, series, sumUnits, premiumUnits);
        _mintAndSetExtraDataUnchecked(msg.sender, policyId, (uint96(premiumUnits) << 48) | sumUnits);
        emit PolicyBought(policyId, quote.series, msg.sender, quote.sumInsured, quote.premium);
    }

    /// @inheritdoc IPolicyBook
    function cancel(uint256 policyId) external returns (uint256 refund) {
        Policy memory policy = _policy(policyId);
        if (policy.holder == address(0)) revert PolicyUnknown(policyId);
        if (policy.holder != msg.sender) revert PolicyNotHolder(policyId, msg.sender);
        SeriesId id = SeriesId.wrap(uint64(policyId >> 32));
        Series memory series = seriesOf(id);
        Terms memory terms = series.terms;
        if (block.timestamp > terms.cancelUntil) revert PolicyCancellationClosed(policyId, terms.cancelUntil);

        uint256 refundUnits = policy.premiumUnits;
        if (block.timestamp > terms.start)
            refundUnits = (refundUnits * (terms.end - block.timestamp)) / (terms.end - terms.start);
        refundUnits = (refundUnits * (FULL_BPS - terms.cancelFeeBps)) / FULL_BPS;
        _burn(policyId);
        Cover memory cover = Cover(id, series.window, terms.zone, msg.sender, policy.sumUnits, policy.premiumUnits);
        refund = terms.pool.release(cover, uint64(refundUnits));
        emit PolicyCancelled(policyId, msg.sender, refund);
    }

    /// @inheritdoc IPolicyBook
    function setQuoteKey(address key, uint64 dailyLimitUnits) external restricted {
        _quoteKeys[key].dailyLimit = dailyLimitUnits;
        emit QuoteKeyChanged(key, dailyLimitUnits);
    }

    /// @inheritdoc IPolicyBook
    function setSalesPaused(bool paused) external restricted {
        salesPaused = paused;
        emit SalesPaused(paused);
    }

    // ── internal ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Policies change hands until their series is decided.
    function _beforeTokenTransfer(address from, address to, uint256 policyId) internal view override {
        if (from == address(0) || to == address(0)) return;
        SeriesId series = SeriesId.wrap(uint64(policyId >> 32));
        if (seriesOf(series).terms.pool.seriesOf(series).state != SeriesState.Open) revert PolicyFrozen(policyId);
    }

    /// @dev Who may use the quote, until when, and that it is the next one.
    function _checkQuote(Quote calldata quote) private view {
        if (msg.sender != quote.buyer) revert PolicyQuoteNotYours(quote.buyer, msg.sender);
        if (block.timestamp > quote.validUntil) revert PolicyQuoteExpired(quote.validUntil);
        uint256 purchases = _getAux(msg.sender);
        if (quote.sequence != purchases) revert PolicyQuoteSequence(purchases, quote.sequence);
    }

    /// @dev Plain accounts first: it spares looking up whether the key is a contract.
    function _checkSignature(address key, bytes32 digest, bytes calldata signature) private view {
        (address signer, ECDSA.RecoverError err, ) = ECDSA.tryRecoverCalldata(digest, signature);
        if (err == ECDSA.RecoverError.NoError && signer == key) return;
        if (!SignatureChecker.isValidSignatureNowCalldata(key, digest, signature)) revert PolicyQuoteInvalid(key);
    }

    /// @dev What holds whoever signed the quote: the sales period, the premium's floor and ceiling.
    function _checkSale(Quote calldata quote, Terms memory terms) private view {
        uint256 salesEnd = terms.start - terms.leadTime;
        if (block.timestamp >= salesEnd) revert PolicySalesEnded(quote.series, salesEnd);
        uint256 floor = Math.ceilDiv(quote.sumInsured * uint256(terms.floorBps), FULL_BPS);
        if (quote.premium < floor || quote.premium > quote.sumInsured)
            revert PolicyPremiumOutOfBounds(quote.premium, floor, quote.sumInsured);
    }

    function _write(
        SeriesId id,
        Series memory series,
        uint48 sumUnits,
        uint48 premiumUnits
    ) private returns (uint256 policyId) {
        Cover memory cover = Cover(id, series.window, series.terms.zone, msg.sender, sumUnits, premiumUnits);
        uint64 cap = uint64(Math.min(series.terms.capacity / series.unit, type(uint64).max));
        return _policyId(id, series.terms.pool.write(cover, cap));
    }

    function _check(Terms calldata terms) private view {
        if (terms.leadTime > terms.start || terms.start - terms.leadTime <= block.timestamp)
            revert PolicyTermsInvalid("start");
        if (terms.end <= terms.start) revert PolicyTermsInvalid("end");
        if (terms.firstRound == 0 || terms.firstRound > terms.lastRound) revert PolicyTermsInvalid("firstRound");
        if (terms.lastRound - terms.firstRound >= MAX_ROUNDS) revert PolicyTermsInvalid("lastRound");
        if (terms.seasonValues > MAX_ROUNDS) revert PolicyTermsInvalid("seasonValues");
        if (terms.seasonValues != 0 && terms.lastRound != terms.firstRound + 1) revert PolicyTermsInvalid("lastRound");
        if (terms.cancelUntil > terms.end) revert PolicyTermsInvalid("cancelUntil");
        if (terms.cancelFeeBps > FULL_BPS) revert PolicyTermsInvalid("cancelFeeBps");
        if (terms.floorBps > FULL_BPS) revert PolicyTermsInvalid("floorBps");
        if (!IndexEngine.isValid(terms.index, terms.seasonValues != 0)) revert PolicyTermsInvalid("index");
    }

    function _policy(uint256 policyId) private view returns (Policy memory) {
        uint96 data = _getExtraData(policyId);
        return Policy(_ownerOf(policyId), uint48(data), uint48(data >> 48));
    }

    function _policyId(SeriesId series, uint256 index) private pure returns (uint256) {
        return (uint256(SeriesId.unwrap(series)) << 32) | index;
    }

    function _toUnits(uint256 amount, uint256 unit) private pure returns (uint48) {
        uint256 units = amount / unit;
        if (units == 0 || units > type(uint48).max || units * unit != amount) revert PolicyAmountInvalid(amount, unit);
        return uint48(units);
    }

    function _leftToday(QuoteKey memory state) private view returns (uint256) {
        uint256 used = state.day == block.timestamp / 1 days ? state.used : 0;
        return used < state.dailyLimit ? state.dailyLimit - used : 0;
    }

    function _spendLimit(address key, uint256 sumUnits) private {
        QuoteKey memory state = _quoteKeys[key];
        if (state.dailyLimit == 0) revert PolicyQuoteInvalid(key);
        uint256 left = _leftToday(state);
        if (sumUnits > left) revert PolicyQuoteLimit(key, sumUnits, left);
        uint32 today = uint32(block.timestamp / 1 days);
        state.used = uint64(sumUnits + (state.day == today ? state.used : 0));
        state.day = today;
        _quoteKeys[key] = state;
    }
}
