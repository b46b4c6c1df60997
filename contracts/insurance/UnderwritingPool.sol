// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {CapitalVault} from "./base/CapitalVault.sol";
import {IReinsuranceTower} from "./interfaces/IReinsuranceTower.sol";
import {IUnderwritingPool, SeriesId} from "./interfaces/IUnderwritingPool.sol";
import {Cover} from "./libraries/Covers.sol";
import {Decision} from "./libraries/Decisions.sol";
import {Ledger} from "./libraries/Ledgers.sol";

/// @title UnderwritingPool
/// @notice Investors' capital behind series of cover. See `IUnderwritingPool`.
contract UnderwritingPool is CapitalVault {
    using SafeERC20 for IERC20;

    /// @dev | 128 free | 64 exposure units | 64 cap units |
    struct Zone {
        uint64 cap;
        uint64 exposure;
    }

    /// @inheritdoc IUnderwritingPool
    address public immutable BOOK;
    /// @inheritdoc IUnderwritingPool
    address public immutable CEDENT;
    /// @inheritdoc IUnderwritingPool
    address public immutable TOWER;

    mapping(uint32 zone => Zone state) private _zones;

    modifier onlyBook() {
        if (msg.sender != BOOK) revert PoolCallerUnknown(msg.sender);
        _;
    }

    /// @param asset_ The money of this pool.
    /// @param manager The deployment's AccessManager, which appoints who sets caps.
    /// @param book The contract that sells and settles policies; for a layer, the tower it stands in.
    /// @param cedent For a layer, the pool it stands behind; zero for a pool of its own.
    /// @param tower The tower of layers behind this pool; zero for none.
    /// @param cooldown Seconds a request to leave waits; at least the longest dispute window.
    constructor(
        IERC20 asset_,
        string memory name_,
        string memory symbol_,
        address manager,
        address book,
        address cedent,
        address tower,
        uint40 cooldown
    ) CapitalVault(asset_, name_, symbol_, manager, cooldown) {
        BOOK = book;
        CEDENT = cedent;
        TOWER = tower;
        // The tower takes the layers' premium from here, within `write` and nothing else.
        if (tower != address(0)) asset_.forceApprove(tower, type(uint256).max);
    }

    // ── read ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IUnderwritingPool
    function zoneOf(uint32 zone) external view returns (uint64 capUnits, uint64 exposureUnits) {
        return (_zones[zone].cap, _zones[zone].exposure);
    }

    // ── write ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IUnderwritingPool
    function accept(
        SeriesId series,
        uint40 start,
        uint40 end,
        uint40 settleBy
    ) external onlyBook returns (uint8 window) {
        Ledger ledger;
        (ledger, window) = _windowFor(_ledger, start, end);
        _ledger = ledger.withOpenSeries(ledger.openSeries() + 1);
        if (settleBy > _config.riskUntil) _config.riskUntil = settleBy;
        emit SeriesAccepted(series, start, end, window);
        if (TOWER != address(0)) IReinsuranceTower(TOWER).accept(series, start, end, settleBy);
    }

    /// @inheritdoc IUnderwritingPool
    function write(SeriesId series, Cover cover, address payer) external onlyBook nonReentrant {
        Ledger ledger = _ledger;
        if (ledger.isPaused()) revert PoolSalesPaused();
        uint256 exposure = cover.exposure();
        if (cover.zone() != 0) _enterZone(cover.zone(), exposure);
        uint256 ceded;
        uint256 premium = cover.premium();
        if (TOWER != address(0)) {
            uint256 cededPremium;
            (ceded, cededPremium) = IReinsuranceTower(TOWER).share(address(this), series, cover);
            premium -= cededPremium;
        }
        // What could go back as premium must not exceed what is locked.
        if (premium != 0 && premium + ceded >= exposure) revert PoolPremiumTooHigh(premium + ceded, exposure);
        _ledger = _lock(ledger, exposure, ceded);
        _windows[cover.window()].premium += uint64(premium);
        _pull(payer, cover.premium() * UNIT);
        if (TOWER != address(0)) IReinsuranceTower(TOWER).cede(series, cover);
    }

    /// @inheritdoc IUnderwritingPool
    function release(
        SeriesId series,
        Cover cover,
        address party,
        uint256 refundUnits
    ) external onlyBook nonReentrant returns (uint256 refund) {
        uint256 exposure = cover.exposure();
        if (cover.zone() != 0) _zones[cover.zone()].exposure -= uint64(exposure);
        uint256 freed;
        uint256 premium = cover.premium();
        if (TOWER != address(0)) {
            uint256 cededPremium;
            (freed, cededPremium, refund) = IReinsuranceTower(TOWER).release(series, cover, refundUnits);
            premium -= cededPremium;
        }
        uint256 own = Math.min(refundUnits * UNIT - refund, _leaveWindow(cover.window(), uint64(premium)));
        Ledger ledger = _ledger.withLocked(_ledger.locked() + freed - exposure);
        _ledger = ledger.withCapital(ledger.capital() + premium * UNIT - own);
        refund += own;
        _send(party, refund);
    }

    /// @inheritdoc IUnderwritingPool
    function applyOutcome(
        SeriesId series,
        Decision decision,
        uint256[] calldata payees,
        uint256 dustUnits
    ) external onlyBook nonReentrant {
        Ledger ledger = _ledger;
        uint256 total = dustUnits + _unitsOf(payees);
        uint256 reserve = decision.reserve();
        uint256 reserved = ledger.reserved() + reserve;
        // The reserve bounds what is paid, whatever the book asks.
        if (total > reserved) revert PoolReserveExceeded(total, reserved);
        if (decision.isDecided()) {
            (uint256 freed, uint256 drawn) = _share(series, decision);
            // All of these are below 2^130: one too small wraps to what the ledger refuses.
            unchecked {
                ledger = ledger.withAccounts(
                    ledger.capital() + (drawn + dustUnits) * UNIT - reserve * UNIT,
                    ledger.locked() - freed,
                    reserved - total,
                    ledger.openSeries() - 1
                );
            }
        } else {
            ledger = ledger.withReserved(reserved - total);
            if (dustUnits != 0) ledger = ledger.withCapital(ledger.capital() + dustUnits * UNIT);
        }
        _ledger = ledger;
        for (uint256 i; i < payees.length; ++i) {
            uint256 payee = _payeeAt(payees, i);
            // 96 bits times 64.
            unchecked {
                _send(address(uint160(payee)), (payee >> 160) * UNIT);
            }
        }
    }

    /// @inheritdoc IUnderwritingPool
    function draw(SeriesId series, uint256 exposureUnits, uint256 lossUnits) external onlyBook nonReentrant {
        Ledger ledger = _ledger;
        _ledger = ledger.withAccounts(
            ledger.capital() - lossUnits * UNIT,
            ledger.locked() - exposureUnits,
            ledger.reserved(),
            ledger.openSeries() - 1
        );
        emit LayerDrawn(series, CEDENT, lossUnits);
        if (lossUnits != 0) IERC20(asset()).safeTransfer(CEDENT, lossUnits * UNIT);
    }

    /// @inheritdoc IUnderwritingPool
    function setZoneCap(uint32 zone, uint64 capUnits) external restricted {
        if (zone == 0) revert PoolNothingToDo();
        _zones[zone].cap = capUnits;
        emit ZoneCapChanged(zone, capUnits);
    }

    // ── internal ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev A decided series leaves its zone, and the layers pay their part first; what it frees here, and what they paid.
    function _share(SeriesId series, Decision decision) private returns (uint256 freedUnits, uint256 drawnUnits) {
        freedUnits = decision.exposure();
        uint32 zone = decision.zone();
        if (zone != 0) _zones[zone].exposure -= uint64(freedUnits);
        if (TOWER == address(0)) return (freedUnits, 0);
        uint256 ceded;
        (drawnUnits, ceded) = IReinsuranceTower(TOWER).draw(series, decision);
        freedUnits -= ceded;
    }

    /// @dev Σ of what the payees get. It cannot overflow: as many numbers of 96 bits as a transaction has room for.
    function _unitsOf(uint256[] calldata payees) private pure returns (uint256 units) {
        unchecked {
            for (uint256 i; i < payees.length; ++i) units += _payeeAt(payees, i) >> 160;
        }
    }

    /// @dev `payees[i]`; the caller has looked at their length.
    function _payeeAt(uint256[] calldata payees, uint256 i) private pure returns (uint256 payee) {
        assembly ("memory-safe") {
            payee := calldataload(add(payees.offset, shl(5, i)))
        }
    }

    function _enterZone(uint32 zone, uint256 exposureUnits) private {
        Zone memory state = _zones[zone];
        uint256 exposure = uint256(state.exposure) + exposureUnits;
        if (exposure > state.cap) revert PoolZoneCapExceeded(zone, exposure, state.cap);
        _zones[zone].exposure = uint64(exposure);
    }
}
