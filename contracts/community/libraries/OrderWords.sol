// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice Identifies an order: device 32 | kind 8 | number 16, the rest zero, most significant first.
type OrderId is uint64;

/// @notice What opened an order; there is at most one live order of a kind for a device.
enum FaultKind {
    Limits,
    Silence,
    Reported
}

/// @notice Where an order stands. `Open` lives inside the opening transaction only.
enum OrderState {
    None,
    Open,
    Assigned,
    Accepted,
    OnSite,
    Working,
    OnHold,
    Verifying,
    Restored,
    Disputed,
    Closed,
    SelfCleared
}

/// @notice One repair.
struct Order {
    OrderState state;
    /// @notice 1 on duty, 2 lead, 3 principal, 4 backup contractor, 5 owners and regulator look on.
    uint8 level;
    /// @notice Member's seat, or LEAD, PRINCIPAL, BACKUP of CrewRota.
    uint8 seat;
    uint16 crew;
    /// @notice Counts the orders of this device and kind, from 1.
    uint16 number;
    uint32 openedAt;
    /// @notice Seconds from opening to first acceptance, arrival, restoration; at least 1; 0: did not happen.
    uint32 accepted;
    uint32 arrived;
    uint32 restored;
    /// @notice When the present state began, unix seconds.
    uint32 stageAt;
    /// @notice Whole minutes spent waiting for parts.
    uint16 held;
    /// @notice Claims of repair that the device's readings refuted or never confirmed.
    uint8 failures;
    /// @notice Failure class, mode and cause, one byte each (code space shaped like ISO 14224).
    uint24 code;
    /// @notice Opened inside the warranty of the order before it.
    bool redo;
}

/// @title OrderWords
/// @notice The one slot of an order.
/// @dev | state 4 | level 4 | seat 8 | crew 16 | number 16 | openedAt 32 | accepted 28 | arrived 28 | restored 28
///      | stageAt 32 | held 16 | failures 8 | code 24 | free 11 | redo 1 |  (most significant first)
library OrderWords {
    /// @notice Longest span the slot can hold, seconds: eight and a half years.
    uint256 internal constant MAX_SPAN = (1 << 28) - 1;

    function unpackOrder(uint256 word) internal pure returns (Order memory order) {
        order.state = OrderState(word >> 252);
        order.level = uint8((word >> 248) & 15);
        order.seat = uint8(word >> 240);
        order.crew = uint16(word >> 224);
        order.number = uint16(word >> 208);
        order.openedAt = uint32(word >> 176);
        order.accepted = uint32((word >> 148) & MAX_SPAN);
        order.arrived = uint32((word >> 120) & MAX_SPAN);
        order.restored = uint32((word >> 92) & MAX_SPAN);
        order.stageAt = uint32(word >> 60);
        order.held = uint16(word >> 44);
        order.failures = uint8(word >> 36);
        order.code = uint24(word >> 12);
        order.redo = word & 1 != 0;
    }

    function pack(Order memory order) internal pure returns (uint256 word) {
        word = (uint256(order.state) << 252) | (uint256(order.level) << 248) | (uint256(order.seat) << 240);
        word |= (uint256(order.crew) << 224) | (uint256(order.number) << 208) | (uint256(order.openedAt) << 176);
        word |= (uint256(order.accepted) << 148) | (uint256(order.arrived) << 120);
        word |= (uint256(order.restored) << 92) | (uint256(order.stageAt) << 60) | (uint256(order.held) << 44);
        word |= (uint256(order.failures) << 36) | (uint256(order.code) << 12);
        word |= order.redo ? 1 : 0;
    }

    /// @notice Identifier of the order of `device` and `kind` that this slot holds.
    function idOf(uint256 word, uint32 device, FaultKind kind) internal pure returns (OrderId) {
        return OrderId.wrap((uint64(device) << 24) | (uint64(kind) << 16) | numberOf(word));
    }

    function stateOf(uint256 word) internal pure returns (OrderState) {
        return OrderState(word >> 252);
    }

    function isIn(uint256 word, OrderState state) internal pure returns (bool) {
        return word >> 252 == uint256(state);
    }

    function levelOf(uint256 word) internal pure returns (uint8) {
        return uint8((word >> 248) & 15);
    }

    function seatOf(uint256 word) internal pure returns (uint8) {
        return uint8(word >> 240);
    }

    function crewOf(uint256 word) internal pure returns (uint16) {
        return uint16(word >> 224);
    }

    function numberOf(uint256 word) internal pure returns (uint16) {
        return uint16(word >> 208);
    }

    function openedAtOf(uint256 word) internal pure returns (uint256) {
        return uint32(word >> 176);
    }

    function stageAtOf(uint256 word) internal pure returns (uint256) {
        return uint32(word >> 60);
    }

    function heldOf(uint256 word) internal pure returns (uint256) {
        return uint16(word >> 44);
    }

    function failuresOf(uint256 word) internal pure returns (uint8) {
        return uint8(word >> 36);
    }

    function isRedo(uint256 word) internal pure returns (bool) {
        return word & 1 != 0;
    }

    /// @notice When the order ended, unix seconds; its opening while it has not.
    function endedAtOf(uint256 word) internal pure returns (uint256) {
        return openedAtOf(word) + restoredOf(word);
    }

    /// @notice Seconds from opening to the first acceptance; 0: did not happen.
    function acceptedOf(uint256 word) internal pure returns (uint256) {
        return (word >> 148) & MAX_SPAN;
    }

    /// @notice Seconds from opening to the first arrival; 0: did not happen.
    function arrivedOf(uint256 word) internal pure returns (uint256) {
        return (word >> 120) & MAX_SPAN;
    }

    /// @notice Seconds from opening to the end; 0: has not ended.
    function restoredOf(uint256 word) internal pure returns (uint256) {
        return (word >> 92) & MAX_SPAN;
    }

    /// @notice Whether somebody has been on site.
    function wasOnSite(uint256 word) internal pure returns (bool) {
        return arrivedOf(word) != 0;
    }

    /// @notice Whether work or judgement on the order is still going on: no other of its kind can open.
    function isLive(uint256 word) internal pure returns (bool) {
        uint256 state = word >> 252;
        return
            (state >= uint256(OrderState.Open) && state <= uint256(OrderState.Verifying)) ||
            state == uint256(OrderState.Disputed);
    }

    /// @notice A fresh order, assigned.
    function fresh(
        uint16 crew,
        uint8 level,
        uint8 seat,
        uint16 number,
        uint256 moment,
        bool redo
    ) internal pure returns (uint256 word) {
        word = (uint256(OrderState.Assigned) << 252) | (uint256(level) << 248) | (uint256(seat) << 240);
        word |= (uint256(crew) << 224) | (uint256(number) << 208) | (moment << 176) | (moment << 60);
        word |= redo ? 1 : 0;
    }

    function withState(uint256 word, OrderState state) internal pure returns (uint256) {
        return ((word << 4) >> 4) | (uint256(state) << 252);
    }

    function withStage(uint256 word, OrderState state, uint256 moment) internal pure returns (uint256) {
        return (withState(word, state) & ~(uint256(type(uint32).max) << 60)) | (moment << 60);
    }

    function withSeat(uint256 word, uint8 level, uint8 seat) internal pure returns (uint256) {
        return (word & ~(uint256(0xfff) << 240)) | (uint256(level) << 248) | (uint256(seat) << 240);
    }

    function withHeld(uint256 word, uint256 held) internal pure returns (uint256) {
        if (held > type(uint16).max) held = type(uint16).max;
        return (word & ~(uint256(type(uint16).max) << 44)) | (held << 44);
    }

    function withFailures(uint256 word, uint8 failures) internal pure returns (uint256) {
        return (word & ~(uint256(type(uint8).max) << 36)) | (uint256(failures) << 36);
    }

    function withCode(uint256 word, uint24 code) internal pure returns (uint256) {
        return (word & ~(uint256(type(uint24).max) << 12)) | (uint256(code) << 12);
    }

    /// @notice Notes the first acceptance; later ones do not count.
    function withAccepted(uint256 word, uint256 moment) internal pure returns (uint256) {
        return acceptedOf(word) != 0 ? word : word | (_since(word, moment) << 148);
    }

    /// @notice Notes the first arrival; later ones do not count.
    function withArrived(uint256 word, uint256 moment) internal pure returns (uint256) {
        return arrivedOf(word) != 0 ? word : word | (_since(word, moment) << 120);
    }

    /// @notice Notes the end; an order ends once.
    function withRestored(uint256 word, uint256 moment) internal pure returns (uint256) {
        return word | (_since(word, moment) << 92);
    }

    /// @dev Seconds from opening to `moment`, at least 1, at most MAX_SPAN.
    function _since(uint256 word, uint256 moment) private pure returns (uint256) {
        uint256 openedAt = openedAtOf(word);
        uint256 span = moment > openedAt ? moment - openedAt : 1;
        return span > MAX_SPAN ? MAX_SPAN : span;
    }
}
